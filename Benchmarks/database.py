"""A private MariaDB on loopback with one database for each board."""

from __future__ import annotations

import subprocess

from processes import Processes, RunError, free_port

USER = "megaphone"
PASSWORD = "benchmark"
BROADCASTER = "bench"

CONFIGURATION = """
[mariadbd]
user = {user}
datadir = {directory}/data
socket = {directory}/mariadb.sock
pid-file = {directory}/mariadb.pid
bind-address = 127.0.0.1
port = {port}
skip-name-resolve
# Each server has up to ten connections, and a baseline doubles the number of servers.
max_connections = 1000
# As in production: a commit is on disk before the server responds.
innodb_flush_log_at_trx_commit = 1
"""


class MariaDB:
    """A running server; accepts connections once constructed, and ends with PROCESSES."""

    def __init__(self, processes: Processes):
        directory = processes.directory / "mariadb"
        directory.mkdir()
        self.port = free_port()
        self._socket = directory / "mariadb.sock"
        options = directory / "mariadb.cnf"
        options.write_text(CONFIGURATION.format(directory=directory, port=self.port, user=_user()))
        subprocess.run(
            [
                "mariadb-install-db", f"--defaults-file={options}", "--skip-test-db",
                "--auth-root-authentication-method=normal",
            ],
            check=True, capture_output=True,
        )
        child = processes.start("mariadb", ["mariadbd", f"--defaults-file={options}"])
        self.pid = child.pid
        processes.wait_for(child, self._responds)
        self._run(f"CREATE USER '{USER}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")

    def create(self, database: str) -> None:
        self._run(
            f"CREATE DATABASE {database}; "
            f"GRANT ALL ON {database}.* TO '{USER}'@'127.0.0.1'"
        )

    def fill(self, database: str, channels: int) -> None:
        """Inserts CHANNELS rows of one broadcaster into a migrated table; each version is a time in milliseconds."""
        self._run(
            f"USE {database}; INSERT INTO broadcastsv1 (broadcaster_id, bchannel_id, version) "
            f"SELECT '{BROADCASTER}', CONCAT('channel-', LPAD(seq, 5, '0')), 1740558489000 + seq "
            f"FROM seq_1_to_{channels}"
        )

    def url(self, database: str) -> str:
        """Returns the URL for Megaphone's setting `database_url`."""
        return f"mysql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def source(self, database: str) -> str:
        """Returns the data source name for the peer's driver."""
        return f"{USER}:{PASSWORD}@tcp(127.0.0.1:{self.port})/{database}"

    def _responds(self) -> bool:
        return self._client("SELECT 1").returncode == 0

    def _run(self, statements: str) -> None:
        finished = self._client(statements)
        if finished.returncode != 0:
            raise RunError(f"mariadb: {finished.stderr.strip()}")

    def _client(self, statements: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["mariadb", "--no-defaults", f"--socket={self._socket}", "--user=root", "--execute", statements],
            capture_output=True, text=True,
        )


def _user() -> str:
    """Returns the current user. MariaDB runs as root only if the configuration says so explicitly."""
    return subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()
