"""Starts the servers and creates the databases that the selected cases need."""

from __future__ import annotations

import json

from cases import BOARD_SIZES, FRESH, Case, Setup
from database import MariaDB
from processes import RunError
from servers import Server, Starter

# Successful requests are logged at info, so this corresponds to nginx's `access_log off`.
LOG_OFF = 'log_level = "warning"'
# The default. Lines are JSON, which is the default, too.
LOG_ON = 'log_level = "info"'
ONE_WORKER = "workers = 1"
HISTORY_OFF = "history_limit = 0"


class Fleet:
    """The servers by setup, started before the first measurement.

    STARTERS start the measured binaries: `megaphone` and, if there is one, `baseline`.
    """

    def __init__(self, starters: dict[str, Starter], database: MariaDB):
        self._starters = starters
        self._database = database
        self._servers: dict[Setup, Server] = {}
        self._boards: set[str] = set()

    def prepare(self, cases: list[Case]) -> None:
        for case in cases:
            self._server(case.setup)

    def largest_board_url(self, program: str) -> str:
        return self._database.url(self._board(program, "reads", BOARD_SIZES[-1]))

    def __getitem__(self, setup: Setup) -> Server:
        return self._servers[setup]

    def _server(self, setup: Setup) -> Server:
        if setup not in self._servers:
            self._servers[setup] = self._start(setup)
        return self._servers[setup]

    def _start(self, setup: Setup) -> Server:
        if setup.program == "nginx":
            return self._nginx(setup)
        if setup.program == "peer":
            board = self._board("megaphone", setup.board, setup.channels)
            return self._starters["megaphone"].peer(setup.name, self._database.source(board))
        board = self._board(setup.program, setup.board, setup.channels)
        return self._starters[setup.program].megaphone(
            setup.name, self._database.url(board),
            f"workers = {setup.workers}", f'max_staleness = "{setup.max_staleness}"',
            LOG_OFF if setup.log == "off" else LOG_ON,
            *self._without_history(setup),
            piped=setup.log != "off",
        )

    def _without_history(self, setup: Setup) -> list[str]:
        """Returns the setting that switches the history off, unless the binary has none."""
        return [HISTORY_OFF] if not setup.history and self._starters[setup.program].knows("history-limit") else []

    def _nginx(self, setup: Setup) -> Server:
        constant = self._server(FRESH).board()
        server = self._starters["megaphone"].nginx(setup.name, constant, setup.log)
        if json.loads(server.board().body) != json.loads(constant.body):
            raise RunError(f"{setup.name} returns a different board than megaphone")
        return server

    def _board(self, program: str, use: str, channels: int) -> str:
        """Returns the database of a board.

        Reads and writes use separate databases, so that reads see no changes. Each binary has its own databases,
        because another version may have other tables.
        """
        name = f"{program}_{use}_{channels}"
        if name not in self._boards:
            self._boards.add(name)
            self._database.create(name)
            self._starters[program].migrate(f"migration-{name}", self._database.url(name))
            self._database.fill(name, channels)
        return name
