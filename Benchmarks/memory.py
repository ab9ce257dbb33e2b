"""Measures resident memory and the time to the first response, each with new servers."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path
from statistics import median

import probe
from accounting import resident_bytes
from fleet import LOG_OFF, ONE_WORKER
from processes import RunError, free_port
from servers import BOARD, READING, Server, Starter
from table import at_most

IDLE_CONNECTIONS = 10_000
STARTS = 11
START_DEADLINE_SECONDS = 5.0
# Time for a server to release memory after a burst.
SETTLE_SECONDS = 1.0
MIB = 1 << 20

RESIDENT_MIB_AT_MOST = 12
START_MILLISECONDS_AT_MOST = 50

HEAD = "| memory and start | megaphone | nginx | target |\n|---|---:|---:|---|"


def render(starter: Starter, directory: Path, large_board_url: str) -> str:
    """Returns the table. LARGE_BOARD_URL is a database with the largest board."""
    rows = [HEAD, *_resident_after_start(starter, directory), _resident_with_board(starter, large_board_url)]
    rows += [_start(starter, directory, "new"), _start(starter, directory, "existing")]
    return "\n".join(rows)


def _resident_after_start(starter: Starter, directory: Path) -> list[str]:
    as_installed = starter.megaphone("as-installed", _sqlite(directory / "as-installed.db"))
    resident = resident_bytes(as_installed.pid) / MIB
    starter.stop(as_installed)

    ours = starter.megaphone("idle", _sqlite(directory / "idle.db"), ONE_WORKER, LOG_OFF)
    theirs = starter.nginx("nginx-idle", ours.board())
    nginx_resident = resident_bytes(theirs.pid) / MIB
    idle, nginx_idle = _bytes_an_idle_connection(ours), _bytes_an_idle_connection(theirs)
    starter.stop(ours)
    starter.stop(theirs)
    return [
        f"| resident after start, default settings, MiB | {resident:.1f} | {nginx_resident:.1f} "
        f"| {at_most(resident, RESIDENT_MIB_AT_MOST)} |",
        f"| resident per idle connection, of {IDLE_CONNECTIONS:,}, bytes | {idle:.0f} | {nginx_idle:.0f} "
        f"| {at_most(round(idle), round(nginx_idle))} |",
    ]


def _bytes_an_idle_connection(server: Server) -> float:
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


def _resident_with_board(starter: Starter, url: str) -> str:
    server = starter.megaphone("large-board", url, ONE_WORKER, LOG_OFF)
    board = server.board()
    time.sleep(SETTLE_SECONDS)
    resident = resident_bytes(server.pid) / MIB
    starter.stop(server)
    return f"| resident with a board of {len(board.body) / 1024:,.0f} KiB, MiB | {resident:.1f} | | |"


def _start(starter: Starter, directory: Path, file: str) -> str:
    took = []
    for number in range(STARTS):
        path = directory / f"{file}-{number if file == 'new' else 0}.db"
        took.append(_seconds_to_first_answer(starter, path))
    if file == "existing":
        took = took[1:]
    milliseconds = median(took) * 1000
    return (
        f"| start to first response, {file} SQLite file, ms | {milliseconds:.1f} | "
        f"| {at_most(milliseconds, START_MILLISECONDS_AT_MOST)} |"
    )


def _seconds_to_first_answer(starter: Starter, path: Path) -> float:
    """Returns the time from creating the process to the complete response to a GET. Retries refused connections."""
    port = free_port()
    command = starter.megaphone_command("start", port, _sqlite(path))
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


def _sqlite(path: Path) -> str:
    return f"sqlite:{path}"
