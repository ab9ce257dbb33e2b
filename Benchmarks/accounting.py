"""CPU time and memory of a process, as counted by the kernel."""

from __future__ import annotations

import os
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """Returns the user and system time of a process, including ended threads and children, in seconds."""
    return sum(_cpu_ticks(member) for member in _family(pid)) / TICKS_PER_SECOND


def resident_bytes(pid: int) -> int:
    """Returns the resident memory of a process and its children. Shared pages are counted for each of them."""
    return sum(int(_read(member, "statm").split()[1]) for member in _family(pid)) * PAGE_BYTES


def _cpu_ticks(pid: int) -> int:
    # The second field is the program's name in parentheses, which may contain any character. utime and stime are
    # fields 14 and 15, counted from 1.
    after_name = _read(pid, "stat").rpartition(")")[2].split()
    return int(after_name[11]) + int(after_name[12])


def _family(pid: int) -> list[int]:
    members = [pid]
    for member in members:
        for thread in Path(f"/proc/{member}/task").iterdir():
            members += [int(child) for child in (thread / "children").read_text().split()]
    return members


def _read(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()
