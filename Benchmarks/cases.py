"""The benchmark cases and their comparisons."""

from __future__ import annotations

from dataclasses import dataclass

BOARD_SIZES = (10, 100, 1_000, 10_000)

SECTIONS = ("fresh", "strict", "conditional", "curve", "put", "logged", "memory")


@dataclass(frozen=True)
class Case:
    """One kind of request to one server. NAME appears in the table; KIND is get, conditional, pipelined or put."""

    name: str
    sections: frozenset[str]
    server: str
    kind: str
    connections: int
    channels: int


@dataclass(frozen=True)
class Comparison:
    """A comparison of two cases in the same run, with the targets to meet, if any."""

    case: str
    beside: str
    rate_at_least: float | None = None
    cpu_at_most: float | None = None


def cases() -> list[Case]:
    """Returns the cases in the order of a round. Cases that are compared run next to each other."""
    wanted = []

    def add(sections: str, name: str, server: str, kind: str, connections: int, channels: int = 10) -> None:
        wanted.append(Case(name, frozenset(sections.split()), server, kind, connections, channels))

    for connections in (8, 64, 256):
        add("fresh", f"GET within 1s, {connections}", "fresh 10", "get", connections)
        add("fresh strict", f"nginx, {connections}", "nginx", "get", connections)
        add("strict", f"GET strict, {connections}", "strict 10", "get", connections)
        add("strict", f"peer GET, {connections}", "peer on reads", "get", connections)
    add("fresh", "GET within 1s, 64 × 16 pipelined", "fresh 10", "pipelined", 64)
    add("fresh strict", "nginx, 64 × 16 pipelined", "nginx", "pipelined", 64)
    add("strict", "GET strict, 64 × 16 pipelined", "strict 10", "pipelined", 64)
    add("logged", "GET within 1s with log, 64", "fresh 10 with log", "get", 64)
    add("logged", "nginx with log, 64", "nginx with log", "get", 64)
    add("conditional curve", "304 within 1s, 64", "fresh 10", "conditional", 64)
    add("conditional", "nginx 304, 64", "nginx", "conditional", 64)
    for channels in BOARD_SIZES[1:]:
        board = f"{channels:,} channels"
        add("curve", f"304 within 1s, 64, {board}", f"fresh {channels}", "conditional", 64, channels)
        add("curve", f"GET strict, 64, {board}", f"strict {channels}", "get", 64, channels)
        add("curve", f"PUT, 8, {board}", f"writes {channels}", "put", 8, channels)
    for connections in (1, 8, 32):
        add("put", f"PUT, {connections}", "writes 10", "put", connections)
        add("put", f"peer PUT, {connections}", "peer on writes", "put", connections)
    return wanted


COMPARISONS = [
    Comparison("GET within 1s, 8", "nginx, 8", rate_at_least=1.0, cpu_at_most=1.0),
    Comparison("GET within 1s, 64", "nginx, 64", rate_at_least=1.0, cpu_at_most=0.85),
    Comparison("GET within 1s, 256", "nginx, 256", rate_at_least=1.0, cpu_at_most=1.0),
    Comparison(
        "GET within 1s, 64 × 16 pipelined", "nginx, 64 × 16 pipelined", rate_at_least=1.0, cpu_at_most=1.0
    ),
    Comparison("GET strict, 8", "nginx, 8"),
    Comparison("GET strict, 8", "peer GET, 8"),
    Comparison("GET strict, 64", "nginx, 64", rate_at_least=0.8),
    Comparison("GET strict, 64", "peer GET, 64", rate_at_least=5.0),
    Comparison("GET strict, 256", "nginx, 256", rate_at_least=0.95),
    Comparison("GET strict, 256", "peer GET, 256"),
    Comparison("GET strict, 64 × 16 pipelined", "nginx, 64 × 16 pipelined"),
    Comparison("GET within 1s with log, 64", "nginx with log, 64"),
    Comparison("304 within 1s, 64", "nginx 304, 64"),
    Comparison("304 within 1s, 64, 10,000 channels", "304 within 1s, 64", rate_at_least=0.9),
    Comparison("PUT, 1", "peer PUT, 1", cpu_at_most=0.7),
    Comparison("PUT, 8", "peer PUT, 8", rate_at_least=1.1, cpu_at_most=0.7),
    Comparison("PUT, 32", "peer PUT, 32", rate_at_least=1.1, cpu_at_most=0.7),
]
