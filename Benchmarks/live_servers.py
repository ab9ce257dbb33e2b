"""The servers of event streams, with one worker each: Megaphone, nginx with nchan, a C loop that only sends."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import probe
from database import BROADCASTER
from processes import Processes, RunError, free_port
from servers import BOARD, CONNECTIONS, WRITER, WRITING, Starter

C_LOOP = "C loop"
CHANNEL = f"{BROADCASTER}/one"
COMPILE_SECONDS = 120
# What listeners.c expects before the first change.
FIRST_VERSION = "v00000000"

# Streams take at most four fifths of Megaphone's connections.
MEGAPHONE_CONNECTIONS = 20_000
MEGAPHONE_SETTINGS = (
    "workers = 1",
    "anonymous_reads = true",
    "max_listeners = 12000",
    # The default is shorter than a round. Keep-alive events would disturb the measurement of the other servers.
    'stream_keep_alive = "10m"',
)

NCHAN = """
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off;
worker_processes 1;
worker_rlimit_nofile {connections};
pid {directory}/nginx.pid;
error_log stderr crit;
events {{
    worker_connections {connections};
}}
http {{
    access_log off;
    server_tokens off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location = /follow {{
            nchan_subscriber eventsource;
            nchan_channel_id one;
            # With a buffer of one message, the first event is the present state.
            nchan_subscriber_first_message oldest;
        }}
        location = /publish {{
            nchan_publisher;
            nchan_channel_id one;
            nchan_message_buffer_length 1;
        }}
    }}
}}
"""


@dataclass(frozen=True)
class LiveServer:
    """A running server whose streams begin with FIRST_VERSION, and how to follow and to change it.

    In BODY, @ stands for the version. TOKEN belongs to the PUT of a change; GET is the path of GETs, if any.
    """

    process: subprocess.Popen
    port: int
    path: str
    publish_port: int
    publish_path: str
    body: str
    token: str | None = None
    get: str | None = None

    @property
    def pid(self) -> int:
        return self.process.pid

    def publish_first_version(self) -> LiveServer:
        body = self.body.replace("@", FIRST_VERSION).encode()
        headers = WRITING if self.token else {}
        response = probe.ask(self.publish_port, self.publish_path, headers, "PUT", body)
        if not 200 <= response.status <= 299:
            raise RunError(f"PUT {self.publish_path}: the server returned {response.status}")
        return self


class LiveStarter:
    """Starts the servers, and compiles the programs in C.

    STARTERS start the measured binaries: `megaphone` and, if there is one, `baseline`.
    """

    def __init__(self, processes: Processes, starters: dict[str, Starter]):
        self._processes = processes
        self._starters = starters
        self.listeners = _compile("listeners", "listeners.c", "streams.c")
        self._floor = _compile("floor", "floor.c")
        # In the order of a round.
        self.programs = [*starters, "nchan", C_LOOP]

    def start(self, program: str, name: str) -> LiveServer:
        """Starts one of PROGRAMS. NAME is unique in the run."""
        if program == "nchan":
            return self._nchan(name)
        if program == C_LOOP:
            return self._c_loop(name)
        server = self._starters[program].megaphone(
            name, f"sqlite:{self._processes.directory / name}.db", *MEGAPHONE_SETTINGS,
            connections=MEGAPHONE_CONNECTIONS,
        )
        path = f"{BOARD}/{CHANNEL}"
        return LiveServer(
            server.process, server.port, path, server.port, path, body="@", token=WRITER, get=BOARD
        ).publish_first_version()

    def stop(self, server: LiveServer) -> None:
        self._processes.stop(server.process)

    def _nchan(self, name: str) -> LiveServer:
        directory = self._processes.directory / name
        directory.mkdir()
        port = free_port()
        path = directory / "nginx.conf"
        path.write_text(NCHAN.format(directory=directory, port=port, connections=CONNECTIONS))
        process = self._start(name, ["nginx", "-p", str(directory), "-c", str(path)], port)
        return LiveServer(process, port, "/follow", port, "/publish", _state()).publish_first_version()

    def _c_loop(self, name: str) -> LiveServer:
        port, publish_port = free_port(), free_port()
        process = self._start(name, [str(self._floor), str(port), str(publish_port)], publish_port)
        return LiveServer(process, port, "/", publish_port, "/", _state()).publish_first_version()

    def _start(self, name: str, command: list[str], port: int) -> subprocess.Popen:
        process = self._processes.start(name, command)
        self._processes.wait_for(process, lambda: probe.accepts(port))
        return process


def _state() -> str:
    """Returns what Megaphone's state event contains, so that all servers send the same data."""
    return json.dumps({"code": 200, "broadcasts": {CHANNEL: "@"}}, separators=(",", ":"))


def _compile(program: str, *sources: str) -> Path:
    here = Path(__file__).parent
    directory = here.parent / ".build" / "bench"
    directory.mkdir(parents=True, exist_ok=True)
    command = ["cc", "-O2", "-Wall", "-Wextra", "-pthread", "-o", str(directory / program)]
    finished = subprocess.run(
        [*command, *(str(here / source) for source in sources)],
        capture_output=True, text=True, timeout=COMPILE_SECONDS,
    )
    if finished.returncode != 0:
        raise RunError(f"cc failed: {finished.stderr.strip()}")
    return directory / program
