"""What the measurements of event streams return."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Change:
    """The delivery of one change. Times are in milliseconds since the PUT was sent."""

    delivered: int
    p50: float
    p99: float
    last: float
    response: float
    share_before_response: float
    cpu_microseconds: float


@dataclass
class Results:
    """What was measured of one server with one number of listeners. If it is invalid, PROBLEM says why."""

    resident_bytes: list[float] = field(default_factory=list)
    resident_bytes_after: list[float] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    get_p99: list[float] = field(default_factory=list)
    problem: str | None = None
