"""Starts the programs of a run and stops each of them by its process ID, also after errors."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

STOP_SECONDS = 10.0
START_SECONDS = 20.0

# Below the kernel's range for outgoing connections (from 32768), so that no client can take a port.
SERVER_PORTS = range(20_000, 32_768)

# The largest pipe buffer without privileges, so that a server does not block while the reader of its log waits for a
# processor.
PIPE_BYTES = 1 << 20


class RunError(Exception):
    """The run cannot continue. The text is the reason, in one line."""


def free_port() -> int:
    """Returns a loopback port on which nothing listens."""
    for port in random.sample(SERVER_PORTS, 100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RunError("no free port on loopback")


class Processes:
    """A context manager that owns child processes and the directory of their files."""

    def __init__(self, directory: Path):
        self.directory = directory
        self._children: list[tuple[str, subprocess.Popen]] = []

    def __enter__(self) -> Processes:
        # By default, both signals end the program without leaving the context.
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
        return self

    def __exit__(self, *_: object) -> None:
        while self._children:
            self.stop(self._children[-1][1])

    def start(self, name: str, arguments: list[str], piped: bool = False) -> subprocess.Popen:
        """Starts a program that writes to NAME.log. It ends with this process, even if this is killed.

        If PIPED, its standard output is a pipe to a program that reads and discards all of it.
        """
        with open(self._log_of(name), "ab") as log:
            if not piped:
                return self._start(name, arguments, subprocess.DEVNULL, log, log)
            reading, writing = os.pipe()
            try:
                fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
                self._start(f"reader of {name}", ["cat"], reading, subprocess.DEVNULL, log)
                return self._start(name, arguments, subprocess.DEVNULL, writing, log)
            finally:
                os.close(reading)
                os.close(writing)

    def _start(self, name: str, arguments: list[str], stdin, stdout, stderr) -> subprocess.Popen:
        command = ["setpriv", "--pdeathsig", "TERM", "--", *arguments]
        child = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr)
        self._children.append((name, child))
        return child

    def _log_of(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def stop(self, child: subprocess.Popen) -> None:
        """Terminates a child process, and kills it if it does not end within STOP_SECONDS."""
        self._children = [entry for entry in self._children if entry[1] is not child]
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def wait_for(self, child: subprocess.Popen, ready) -> None:
        """Waits until READY() is true. If the child ends first, raises an error that quotes its log."""
        name = next(name for name, other in self._children if other is child)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if child.poll() is not None:
                break
            if ready():
                return
            time.sleep(0.02)
        log = self._log_of(name)
        said = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
        raise RunError(f"{name} did not start: {' / '.join(said[-3:]) or 'no output'}")


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)
