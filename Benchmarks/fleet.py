"""Starts the servers and creates the databases that the selected cases need."""

from __future__ import annotations

import json

from cases import BOARD_SIZES, Case
from database import MariaDB
from processes import RunError
from servers import Server, Starter

# Successful requests are logged at info, so this corresponds to nginx's `access_log off`.
LOG_OFF = 'log_level = "warning"'
LOG_ON = 'log_level = "info"'
ONE_WORKER = "workers = 1"


class Fleet:
    """The servers by name, started on first use."""

    def __init__(self, starter: Starter, database: MariaDB):
        self._starter = starter
        self._database = database
        self._servers: dict[str, Server] = {}
        self._boards: set[str] = set()

    def prepare(self, cases: list[Case]) -> None:
        for case in cases:
            if case.server not in self._servers:
                self._servers[case.server] = self._start(case.server, case.channels)

    def largest_board_url(self) -> str:
        return self._database.url(self._board("reads", BOARD_SIZES[-1]))

    def __getitem__(self, name: str) -> Server:
        return self._servers[name]

    def _start(self, name: str, channels: int) -> Server:
        kind = name.partition(" ")[0]
        if kind == "nginx":
            return self._nginx(name)
        if kind == "peer":
            return self._peer(name)
        board = self._board("writes" if kind == "writes" else "reads", channels)
        staleness = "1s" if kind == "fresh" else "0s"
        logged = name.endswith("with log")
        return self._starter.megaphone(
            name.replace(" ", "-"), self._database.url(board),
            ONE_WORKER, f'max_staleness = "{staleness}"', LOG_ON if logged else LOG_OFF,
            # As for nginx below: measure the server, not a disk.
            discard_log=logged,
        )

    def _nginx(self, name: str) -> Server:
        self._servers.setdefault("fresh 10", self._start("fresh 10", 10))
        constant = self._servers["fresh 10"].board()
        log = "/dev/null combined" if name.endswith("with log") else "off"
        server = self._starter.nginx(name.replace(" ", "-"), constant, log)
        _expect_same_body(name, server, constant.body)
        return server

    def _peer(self, name: str) -> Server:
        board = self._board(name.rpartition(" ")[2], 10)
        return self._starter.peer(name.replace(" ", "-"), self._database.source(board))

    def _board(self, use: str, channels: int) -> str:
        """Returns the database of a board. Reads and writes use separate databases, so that reads see no changes."""
        name = f"{use}_{channels}"
        if name not in self._boards:
            self._boards.add(name)
            self._database.create(name)
            self._starter.migrate(f"migration-{name}", self._database.url(name))
            self._database.fill(name, channels)
        return name


def _expect_same_body(name: str, server: Server, body: bytes) -> None:
    if json.loads(server.board().body) != json.loads(body):
        raise RunError(f"{name} returns a different board than megaphone")
