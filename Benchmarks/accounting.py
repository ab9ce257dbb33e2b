"""CPU time and memory of a process, as counted by the kernel."""

from __future__ import annotations

import os
import time
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """Returns the user and system time of a process, including ended threads and children, in seconds."""
    return sum(time.clock_gettime(_cpu_clock(member)) for member in _family(pid))


def resident_bytes(pid: int) -> int:
    """Returns the resident memory of a process and its children. Shared pages are counted for each of them."""
    return sum(int(_read(member, "statm").split()[1]) for member in _family(pid)) * PAGE_BYTES


def _cpu_clock(pid: int) -> int:
    # As clock_getcpuclockid(3) computes it, which Python does not have. It counts nanoseconds; /proc/PID/stat counts
    # hundredths of a second, which is a percent of a measurement of one second.
    return (~pid << 3) | 2


def _family(pid: int) -> list[int]:
    members = [pid]
    for member in members:
        for thread in Path(f"/proc/{member}/task").iterdir():
            members += [int(child) for child in (thread / "children").read_text().split()]
    return members


def _read(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()
