"""The benchmark cases: which requests are sent to which server."""

from __future__ import annotations

from dataclasses import dataclass, replace

BOARD_SIZES = (10, 100, 1_000, 10_000)

# The parts of a run that --only selects, with what they measure.
SECTIONS = {
    "fresh": "GET with max_staleness = 1s on 8, 64 and 256 connections and pipelined, beside nginx",
    "strict": "GET with max_staleness = 0s, the default, beside nginx and the peer",
    "conditional": "GET with If-None-Match, which returns 304, beside nginx",
    "curve": "GET, 304 and PUT on boards of 100, 1,000 and 10,000 channels",
    "put": "PUT of new versions, beside the peer, and with a history beside one without",
    "logged": "GET with log_level = info, beside nginx with the same log, and both without a log",
    "workers": "GET with two workers, beside one worker",
    "connect": "GET on a new connection each, beside nginx",
    "live": "event streams of 1,000 and 10,000 listeners, beside nchan and a C loop that only sends",
    "memory": "resident memory, also of idle connections, and the time to the first response",
    "instructions": "instructions of one GET on SQLite, counted by callgrind",
}

BASELINE_SUFFIX = ", baseline"


@dataclass(frozen=True)
class Setup:
    """How a server is started.

    PROGRAM is megaphone, baseline, nginx or peer; BOARD is reads or writes; LOG is off, on or, for nginx, unbuffered.
    HISTORY is whether changes are recorded.
    """

    program: str
    board: str = "reads"
    channels: int = BOARD_SIZES[0]
    max_staleness: str = "0s"
    workers: int = 1
    log: str = "off"
    history: bool = False

    @property
    def name(self) -> str:
        name = f"{self.program}-{self.board}-{self.channels}-{self.max_staleness}-{self.workers}-log-{self.log}"
        return name + ("-history" if self.history else "")

    @property
    def is_megaphone(self) -> bool:
        return self.program in ("megaphone", "baseline")


@dataclass(frozen=True)
class Case:
    """One kind of request to one server. KIND is get, conditional, pipelined, connect or put."""

    name: str
    sections: frozenset[str]
    setup: Setup
    kind: str
    connections: int


FRESH = Setup("megaphone", max_staleness="1s")
STRICT = Setup("megaphone")
WRITES = Setup("megaphone", board="writes")
RECORDED_WRITES = replace(WRITES, history=True)
NGINX = Setup("nginx")


def cases(with_baseline: bool) -> list[Case]:
    """Returns the cases in the order of a round. Cases that are compared run near each other.

    With a baseline, each case of Megaphone is followed by the same case of the baseline. Those with a history are not:
    older binaries have none.
    """
    wanted = []

    def add(sections: str, name: str, setup: Setup, kind: str, connections: int) -> None:
        case = Case(name, frozenset(sections.split()), setup, kind, connections)
        wanted.append(case)
        if with_baseline and setup.is_megaphone:
            wanted.append(replace(case, name=name + BASELINE_SUFFIX, setup=replace(setup, program="baseline")))

    add("fresh", "GET within 1s, 8", FRESH, "get", 8)
    add("fresh strict", "nginx, 8", NGINX, "get", 8)
    add("strict", "GET strict, 8", STRICT, "get", 8)
    add("strict", "peer GET, 8", Setup("peer"), "get", 8)

    add("logged", "nginx with unbuffered log, 64", replace(NGINX, log="unbuffered"), "get", 64)
    add("logged", "GET within 1s with log, 64", replace(FRESH, log="on"), "get", 64)
    add("logged", "nginx with log, 64", replace(NGINX, log="on"), "get", 64)
    add("logged", "GET strict with log, 64", replace(STRICT, log="on"), "get", 64)
    add("fresh logged workers", "GET within 1s, 64", FRESH, "get", 64)
    add("workers", "GET within 1s, 64, 2 workers", replace(FRESH, workers=2), "get", 64)
    add("fresh strict logged", "nginx, 64", NGINX, "get", 64)
    add("strict logged workers", "GET strict, 64", STRICT, "get", 64)
    add("workers", "GET strict, 64, 2 workers", replace(STRICT, workers=2), "get", 64)
    add("strict", "peer GET, 64", Setup("peer"), "get", 64)

    add("fresh", "GET within 1s, 256", FRESH, "get", 256)
    add("fresh strict", "nginx, 256", NGINX, "get", 256)
    add("strict workers", "GET strict, 256", STRICT, "get", 256)
    add("workers", "GET strict, 256, 2 workers", replace(STRICT, workers=2), "get", 256)
    add("strict", "peer GET, 256", Setup("peer"), "get", 256)

    add("fresh", "GET within 1s, 64 × 16 pipelined", FRESH, "pipelined", 64)
    add("fresh strict", "nginx, 64 × 16 pipelined", NGINX, "pipelined", 64)
    add("strict", "GET strict, 64 × 16 pipelined", STRICT, "pipelined", 64)

    add("connect", "GET within 1s, 64, new connections", FRESH, "connect", 64)
    add("connect", "nginx, 64, new connections", NGINX, "connect", 64)
    add("connect", "GET strict, 64, new connections", STRICT, "connect", 64)

    add("conditional curve", "304 within 1s, 64", FRESH, "conditional", 64)
    add("conditional", "nginx 304, 64", NGINX, "conditional", 64)
    for channels in BOARD_SIZES[1:]:
        board = f"{channels:,} channels"
        add("curve", f"304 within 1s, 64, {board}", replace(FRESH, channels=channels), "conditional", 64)
        add("curve", f"GET strict, 64, {board}", replace(STRICT, channels=channels), "get", 64)
        add("curve", f"PUT, 8, {board}", replace(WRITES, channels=channels), "put", 8)
    for connections in (1, 8, 32):
        add("put", f"PUT, {connections}", WRITES, "put", connections)
        if connections < 32:
            wanted.append(
                Case(f"PUT with history, {connections}", frozenset({"put"}), RECORDED_WRITES, "put", connections)
            )
        add("put", f"peer PUT, {connections}", Setup("peer", board="writes"), "put", connections)
    return wanted
