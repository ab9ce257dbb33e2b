"""Turns a case into requests. Sends each once, to learn what a correct response looks like."""

from __future__ import annotations

from dataclasses import dataclass

from cases import Case
from database import BROADCASTER
from load import Load
from processes import RunError
from servers import BOARD, READING, WRITING, Server

PIPELINE_DEPTH = 16


@dataclass(frozen=True)
class Preparation:
    """What one run of a case sends, the URL, and the size of one correct response."""

    load: Load
    url: str
    response_bytes: int


def prepare(case: Case, server: Server) -> Preparation:
    """Sends the request of wrk once, so that incorrect responses to wrk can be detected."""
    base = f"http://127.0.0.1:{server.port}{BOARD}"
    if case.kind == "put":
        response = server.put(f"{BROADCASTER}/channel-00001", b"1740558489000")
        _expect(case, response.status, 200)
        load = Load(case.connections, script=("put", str(case.setup.channels)), headers=WRITING)
        return Preparation(load, f"{base}/{BROADCASTER}", response.wire_bytes)
    if case.kind == "connect":
        headers = READING | {"Connection": "close"}
        response = server.board(headers)
        _expect(case, response.status, 200)
        return Preparation(Load(case.connections, headers=headers), base, response.wire_bytes)
    response = server.board()
    _expect(case, response.status, 200)
    if case.kind == "conditional":
        validator = {"If-None-Match": response.fields["ETag"]}
        unchanged = server.board(validator)
        _expect(case, unchanged.status, 304)
        load = Load(case.connections, headers=READING | validator)
        return Preparation(load, base, unchanged.wire_bytes)
    if case.kind == "pipelined":
        script = ("pipelined", str(PIPELINE_DEPTH))
        load = Load(case.connections, depth=PIPELINE_DEPTH, script=script, headers=READING)
        return Preparation(load, base, response.wire_bytes)
    return Preparation(Load(case.connections, headers=READING), base, response.wire_bytes)


def _expect(case: Case, status: int, expected: int) -> None:
    if status != expected:
        raise RunError(f"{case.name}: the server returned {status}, expected {expected}")
