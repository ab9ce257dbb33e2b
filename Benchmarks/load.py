"""Loads a server with wrk. Measures responses per second, tail latency, and CPU time of server and database."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import accounting
from processes import RunError

SCRIPT = Path(__file__).with_name("load.lua")

# Field values vary by a few bytes between responses. Another status or board differs by more.
SIZE_TOLERANCE = 0.05


@dataclass(frozen=True)
class Load:
    """The load to send: CONNECTIONS at a time, each with DEPTH requests in flight."""

    connections: int
    depth: int = 1
    script: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """The result of one run of wrk. If it is invalid, PROBLEM says why.

    ELSEWHERE is the share of the machine's processors that programs other than those of the run used.
    """

    rate: float
    cpu_microseconds: float
    database_microseconds: float
    p99_milliseconds: float
    elsewhere: float = 0.0
    problem: str | None = None


def measure(
    load: Load, url: str, seconds: int, response_bytes: int, server_pid: int, database_pid: int | None
) -> Sample:
    """Runs wrk once. RESPONSE_BYTES is the size of one correct response including its head."""
    started = time.monotonic()
    elsewhere_before = accounting.elsewhere_cpu_seconds()
    server_before = accounting.cpu_seconds(server_pid)
    database_before = accounting.cpu_seconds(database_pid) if database_pid else 0.0
    result = _wrk(load, url, seconds)
    server = accounting.cpu_seconds(server_pid) - server_before
    database = accounting.cpu_seconds(database_pid) - database_before if database_pid else 0.0
    elsewhere = accounting.elsewhere_cpu_seconds() - elsewhere_before
    available = (time.monotonic() - started) * (os.cpu_count() or 1)
    responses = max(result["requests"], 1)
    return Sample(
        rate=result["requests"] / (result["microseconds"] / 1e6),
        cpu_microseconds=server / responses * 1e6,
        database_microseconds=database / responses * 1e6,
        p99_milliseconds=result["p99"] / 1000,
        elsewhere=max(elsewhere / available, 0.0),
        problem=_problem(load, result, response_bytes),
    )


def _wrk(load: Load, url: str, seconds: int) -> dict:
    command = ["wrk", "--threads=1", f"--connections={load.connections}", f"--duration={seconds}s"]
    for name, value in load.headers.items():
        command += ["--header", f"{name}: {value}"]
    command += ["--script", str(SCRIPT), url, "--", *load.script]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30)
    if finished.returncode != 0:
        raise RunError(f"wrk failed: {finished.stderr.strip()}")
    return json.loads(finished.stdout.splitlines()[-1])


def _problem(load: Load, result: dict, response_bytes: int) -> str | None:
    errors = [f"{count} {kind} errors" for kind, count in result["errors"].items() if count > 0]
    if errors:
        return ", ".join(errors)
    responses = result["requests"]
    if responses == 0:
        return "no response"
    # wrk counts the bytes of responses that were incomplete at the end, but not these responses.
    least = responses * response_bytes * (1 - SIZE_TOLERANCE)
    most = (responses + load.connections * load.depth) * response_bytes * (1 + SIZE_TOLERANCE)
    if not least <= result["bytes"] <= most:
        return f"responses of {result['bytes'] / responses:.0f} bytes, expected {response_bytes}"
    return None
