"""The measured servers: Megaphone, nginx with a constant, and the peer with a query per request."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import probe
from database import BROADCASTER
from processes import Processes, RunError, free_port

READER = "a-token-of-the-reader"
WRITER = "a-token-of-the-broadcaster"
READING = {"Authorization": f"Bearer {READER}"}
WRITING = {"Authorization": f"Bearer {WRITER}"}
BOARD = "/v1/broadcasts"

# Enough for ten thousand idle connections.
CONNECTIONS = 12_000

MEGAPHONE = """
address = "127.0.0.1"
port = {port}
database_url = "{database_url}"
max_connections = {connections}
{settings}

[broadcaster_auth]
{broadcaster} = "{writer}"

[reader_auth]
reader = "{reader}"
"""

NGINX = """
daemon off;
worker_processes 1;
worker_rlimit_nofile {connections};
pid {directory}/nginx.pid;
error_log stderr crit;
events {{
    worker_connections {connections};
}}
http {{
    log_format mozlog escape=json '{log_format}';
    access_log {access_log};
    server_tokens off;
    keepalive_timeout 75s;
    keepalive_requests 1000000000;
    default_type application/json;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location = {path} {{
            {fields}
            if ($http_if_none_match) {{ return 304; }}
            return 200 '{body}';
        }}
    }}
}}
"""

# The fields of Megaphone's line for a request, in about as many bytes. nginx does not identify the reader, so its
# identifier is constant.
NGINX_LOG_FORMAT = (
    '{"Timestamp":$msec,"Type":"request.summary","Logger":"nginx-$nginx_version","Hostname":"$hostname",'
    '"EnvVersion":"2.0","Pid":$pid,"Severity":6,"Fields":{"agent":"$http_user_agent","errno":0,'
    '"lang":"$http_accept_language","method":"$request_method","path":"$uri","code":$status,"t":$request_time,'
    '"uid":"reader","rid":"$request_id","remoteAddressChain":["$proxy_add_x_forwarded_for"],"msg":""}}'
)

# Megaphone gathers lines for 5 ms and then writes them at once. With the log "on", nginx does the same: `flush` is the
# same time, and the buffer is large enough for the lines of that time, so both write equally often. "unbuffered" is
# nginx's default, a system call for each line; a comparison with it alone would favor Megaphone.
#
# The log of both goes to a pipe, as under systemd or in a container, and its reader discards it: a file would measure
# the disk, and writing to /dev/null does not even copy the bytes.
NGINX_LOGS = {
    "off": "off",
    "on": "/dev/stdout mozlog buffer=1m flush=5ms",
    "unbuffered": "/dev/stdout mozlog",
}

DROPPED_LINES = "megaphone_log_lines_dropped_total"

# Fields that nginx generates.
NGINX_OWN_FIELDS = {"connection", "content-length", "content-type", "date", "server"}


@dataclass(frozen=True)
class Server:
    """A running server that has returned at least one response."""

    port: int
    process: subprocess.Popen

    @property
    def pid(self) -> int:
        return self.process.pid

    def board(self, headers: dict[str, str] | None = None) -> probe.Response:
        return probe.ask(self.port, BOARD, READING | (headers or {}))

    def put(self, broadcast: str, version: bytes) -> probe.Response:
        return probe.ask(self.port, f"{BOARD}/{broadcast}", WRITING, "PUT", version)

    def dropped_log_lines(self) -> int:
        """Returns how many log lines Megaphone has dropped because their reader was too slow."""
        for line in probe.ask(self.port, "/metrics", {}).body.decode().splitlines():
            if line.startswith(DROPPED_LINES + " "):
                return int(float(line.split()[1]))
        return 0


class Starter:
    """Starts servers that end with PROCESSES, each with its own port and directory."""

    def __init__(self, processes: Processes, megaphone: Path, peer: Path):
        self._processes = processes
        self._megaphone = megaphone
        self._peer = peer

    def megaphone_command(
        self, name: str, port: int, database_url: str, *settings: str, connections: int = CONNECTIONS
    ) -> list[str]:
        """Writes the configuration and returns the command line. Its second word is `serve`."""
        path = self._directory(name) / "config.toml"
        path.write_text(
            MEGAPHONE.format(
                port=port, database_url=database_url, connections=connections,
                settings="\n".join(settings), broadcaster=BROADCASTER, writer=WRITER, reader=READER,
            )
        )
        return [str(self._megaphone), "serve", "--config", str(path)]

    def knows(self, option: str) -> bool:
        """Whether the binary has an option of the command line."""
        finished = subprocess.run([self._megaphone, "serve", "--help"], capture_output=True, text=True)
        return f"--{option}" in finished.stdout

    def migrate(self, name: str, database_url: str) -> None:
        program, _, *options = self.megaphone_command(name, free_port(), database_url)
        finished = subprocess.run([program, "migrate", *options], capture_output=True, text=True)
        if finished.returncode != 0:
            raise RunError(f"megaphone migrate: {(finished.stderr + finished.stdout).strip()}")

    def megaphone(
        self, name: str, database_url: str, *settings: str, piped: bool = False, under: tuple[str, ...] = (),
        connections: int = CONNECTIONS,
    ) -> Server:
        """Starts Megaphone. If PIPED, its log goes to a pipe. UNDER is a command that runs it, such as valgrind."""
        port = free_port()
        command = self.megaphone_command(name, port, database_url, *settings, connections=connections)
        command = [*under, *command]
        return self._start(name, port, command, piped)

    def nginx(self, name: str, constant: probe.Response, log: str = "off") -> Server:
        """Starts nginx, which returns the body and the header fields of CONSTANT for BOARD. LOG is of NGINX_LOGS."""
        directory = self._directory(name)
        port = free_port()
        path = directory / "nginx.conf"
        path.write_text(
            NGINX.format(
                directory=directory, port=port, connections=CONNECTIONS, path=BOARD,
                log_format=NGINX_LOG_FORMAT, access_log=NGINX_LOGS[log],
                fields="\n".join(_nginx_fields(constant)), body=constant.body.decode(),
            )
        )
        return self._start(name, port, ["nginx", "-p", str(directory), "-c", str(path)], piped=log != "off")

    def peer(self, name: str, source: str) -> Server:
        port = free_port()
        return self._start(
            name, port,
            [
                str(self._peer), "-listen", f"127.0.0.1:{port}", "-source", source,
                "-reader", READER, "-broadcaster", WRITER,
            ],
        )

    def stop(self, server: Server) -> None:
        self._processes.stop(server.process)

    def _start(self, name: str, port: int, command: list[str], piped: bool = False) -> Server:
        server = Server(port, self._processes.start(name, command, piped))
        self._processes.wait_for(server.process, lambda: _responds(server))
        return server

    def _directory(self, name: str) -> Path:
        directory = self._processes.directory / name
        directory.mkdir(exist_ok=True)
        return directory


def _responds(server: Server) -> bool:
    try:
        return server.board().status == 200
    except OSError:
        return False


def _nginx_fields(constant: probe.Response) -> list[str]:
    fields = []
    for name, value in constant.fields.items():
        if name.lower() == "x-request-id":
            value = "$request_id"
        if name.lower() not in NGINX_OWN_FIELDS:
            fields.append(f"add_header {name} '{value}';")
    return fields
