"""Measures resident memory and the time to the first response, each with new servers."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path
from statistics import median

import probe
from accounting import resident_bytes
from fleet import LOG_OFF, ONE_WORKER, Fleet
from processes import RunError, free_port
from servers import BOARD, READING, Server, Starter
from targets import Verdict, at_most

IDLE_CONNECTIONS = 10_000
STARTS = 11
START_DEADLINE_SECONDS = 5.0
# Time for a server to release memory after a burst.
SETTLE_SECONDS = 1.0
MIB = 1 << 20

RESIDENT_MIB_AT_MOST = 12
START_MILLISECONDS_AT_MOST = 50


class MemoryTable:
    """The table, measured on construction. Each binary in STARTERS has a column, and nginx has the last one."""

    def __init__(self, starters: dict[str, Starter], directory: Path, fleet: Fleet):
        self.verdicts: list[Verdict] = []
        self._starters = starters
        self._directory = directory
        columns = [*starters, "nginx"]
        self._rows = [
            f"| memory and start | {' | '.join(columns)} | target |",
            "|---|" + "---:|" * len(columns) + "---|",
        ]
        self._measure_after_start()
        self._measure_board(fleet)
        self._measure_start("new")
        self._measure_start("existing")

    def __str__(self) -> str:
        return "\n".join(self._rows)

    def _add(
        self, text: str, values: list[float], decimals: int, nginx: float | None = None, target: float | None = None
    ) -> None:
        """Appends a row. VALUES belong to the binaries; the target is for the first."""
        shown = [f"{value:.{decimals}f}" for value in values]
        shown.append("" if nginx is None else f"{nginx:.{decimals}f}")
        wanted = ""
        if target is not None:
            verdict = at_most(f"{text}: {shown[0]}", values[0], target)
            self.verdicts.append(verdict)
            wanted = f"≤ {target:g} {'met' if verdict.met else '**missed**'}"
        self._rows.append(f"| {text} | {' | '.join(shown)} | {wanted} |")

    def _measure_after_start(self) -> None:
        residents, idles = [], []
        for name, starter in self._starters.items():
            server = starter.megaphone(f"{name}-as-installed", self._sqlite(f"{name}-as-installed"))
            residents.append(resident_bytes(server.pid) / MIB)
            starter.stop(server)
            server = starter.megaphone(f"{name}-idle", self._sqlite(f"{name}-idle"), ONE_WORKER, LOG_OFF)
            constant = server.board()
            idles.append(round(_bytes_per_idle_connection(server)))
            starter.stop(server)
        starter = self._starters["megaphone"]
        nginx = starter.nginx("nginx-idle", constant)
        nginx_resident = resident_bytes(nginx.pid) / MIB
        nginx_idle = round(_bytes_per_idle_connection(nginx))
        starter.stop(nginx)
        self._add("resident after start, default settings, MiB", residents, 1, nginx_resident, RESIDENT_MIB_AT_MOST)
        text = f"resident per idle connection, of {IDLE_CONNECTIONS:,}, bytes"
        self._add(text, idles, 0, nginx_idle, target=nginx_idle)

    def _measure_board(self, fleet: Fleet) -> None:
        residents, size = [], 0
        for name, starter in self._starters.items():
            server = starter.megaphone(f"{name}-board", fleet.largest_board_url(name), ONE_WORKER, LOG_OFF)
            size = len(server.board().body)
            time.sleep(SETTLE_SECONDS)
            residents.append(resident_bytes(server.pid) / MIB)
            starter.stop(server)
        self._add(f"resident with a board of {size / 1024:,.0f} KiB, MiB", residents, 1)

    def _measure_start(self, file: str) -> None:
        took: dict[str, list[float]] = {name: [] for name in self._starters}
        for number in range(STARTS):
            for name, starter in self._starters.items():
                url = self._sqlite(f"{name}-{file}-{number if file == 'new' else 0}")
                took[name].append(_seconds_to_first_response(starter, f"{name}-start", url))
        skipped = 1 if file == "existing" else 0  # The first start creates the file.
        milliseconds = [median(times[skipped:]) * 1000 for times in took.values()]
        text = f"start to first response, {file} SQLite file, ms"
        self._add(text, milliseconds, 1, target=START_MILLISECONDS_AT_MOST)

    def _sqlite(self, name: str) -> str:
        return f"sqlite:{self._directory / name}.db"


def _bytes_per_idle_connection(server: Server) -> float:
    """Returns the memory per connection. Each connection receives one response and stays open."""
    before = resident_bytes(server.pid)
    connections = []
    try:
        for _ in range(IDLE_CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", server.port), probe.DEADLINE_SECONDS)
            connections.append(connection)
            if probe.ask_on(connection, BOARD, READING).status != 200:
                raise RunError(f"connection {len(connections)} got no 200 response")
        time.sleep(SETTLE_SECONDS)
        return (resident_bytes(server.pid) - before) / IDLE_CONNECTIONS
    finally:
        for connection in connections:
            connection.close()


def _seconds_to_first_response(starter: Starter, name: str, url: str) -> float:
    """Returns the time from creating the process to the complete response to a GET. Retries refused connections."""
    port = free_port()
    command = starter.megaphone_command(name, port, url)
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            while time.monotonic() - started < START_DEADLINE_SECONDS:
                try:
                    if probe.ask(port, BOARD, READING).status == 200:
                        return time.monotonic() - started
                except OSError:
                    time.sleep(0.0005)
            raise RunError(f"megaphone sent no response within {START_DEADLINE_SECONDS:.0f} s of its start")
        finally:
            child.terminate()
