"""Runs the program listeners (listeners.c), which follows one URL on many connections."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from live_servers import LiveServer

# The program ends itself after this time, whatever the server does.
LIFETIME_SECONDS = 240
STOP_SECONDS = 10


class ListenerError(Exception):
    """A server did not behave as expected. The text says how, in one line."""


class Listeners:
    """COUNT streams of a server. On construction, each has received the present state."""

    def __init__(self, program: Path, server: LiveServer, count: int):
        command = [
            "setpriv", "--pdeathsig", "TERM", "--", str(program),
            f"--port={server.port}", f"--path={server.path}", f"--count={count}",
            f"--publish-port={server.publish_port}", f"--publish-path={server.publish_path}",
            f"--body={server.body}", f"--seconds={LIFETIME_SECONDS}",
        ]
        command += [f"--token={server.token}"] if server.token else []
        command += [f"--get={server.get}"] if server.get else []
        pipe = subprocess.PIPE
        self._child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        try:
            self._read()
        except ListenerError:
            self.close()
            raise

    def publish(self, changes: int, gets: bool = False) -> tuple[list[dict], dict]:
        """Publishes changes one after the other. Returns the figures of each, and those of the GETs meanwhile."""
        try:
            self._child.stdin.write(f"publish {changes}{' get' if gets else ''}\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            raise ListenerError("the listeners ended early") from None
        return [self._read() for _ in range(changes)], self._read()

    def close(self) -> None:
        """Closes all streams."""
        for pipe in (self._child.stdin, self._child.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                pass
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _read(self) -> dict:
        line = self._child.stdout.readline()
        if not line:
            raise ListenerError("the listeners ended early")
        values = json.loads(line)
        if "problem" in values:
            raise ListenerError(values["problem"])
        return values
