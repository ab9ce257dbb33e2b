"""CPU time and memory of a process, as counted by the kernel."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Returns the user and system time of a process, including ended threads and children, in seconds."""
    return sum(time.clock_gettime(_cpu_clock(member)) for member in _family(pid))


def own_cpu_seconds() -> float:
    """Returns the CPU time of this process and of all that it started, including ended programs, in seconds."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return cpu_seconds(os.getpid()) + ended.ru_utime + ended.ru_stime


def machine_cpu_seconds() -> float:
    """Returns the time that all processors were not idle, including time stolen by the hypervisor, in seconds."""
    with open("/proc/stat") as file:
        # user, nice, system, idle, iowait, irq, softirq, steal; proc(5)
        ticks = [int(field) for field in file.readline().split()[1:9]]
    return (sum(ticks[:3]) + sum(ticks[5:])) / TICKS_PER_SECOND


def elsewhere_cpu_seconds() -> float:
    """Returns the CPU time of all other programs, in seconds since an arbitrary point in time."""
    return machine_cpu_seconds() - own_cpu_seconds()


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
