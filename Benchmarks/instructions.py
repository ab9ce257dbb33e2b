"""Counts the instructions that a GET costs, with valgrind's callgrind.

The counts include all threads of the server and its libraries, but not the kernel. They do not depend on the speed
of the machine: the count of a fresh GET varies by less than 0.1 % between runs. Where threads wait for each other or
for the client, the order of events varies on a busy machine, and the count by up to 5 %.

Valgrind emulates a processor without instructions for SHA-256, so hashes of tokens and boards cost more than usual.
"""

from __future__ import annotations

import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import probe
from database import BROADCASTER
from fleet import LOG_OFF, ONE_WORKER
from processes import Processes, RunError
from servers import BOARD, READING, Server, Starter

# The difference of two runs excludes the cost of starting and stopping the server.
FEW_REQUESTS = 500
MANY_REQUESTS = 3_500
CHANNELS = 10

# Longer than a run, so that no read of the database is counted.
FRESH = 'max_staleness = "10m"'
STRICT = 'max_staleness = "0s"'


@dataclass(frozen=True)
class Kind:
    name: str
    max_staleness: str
    on_new_connections: bool = False


KINDS = [
    Kind("GET fresh", FRESH),
    Kind("GET strict", STRICT),
    Kind("GET fresh, new connection", FRESH, on_new_connections=True),
]


def render(binaries: dict[str, Path], processes: Processes) -> str:
    """Returns the table, with a column for each of the binaries, and one for the ratio if there are two."""
    names = list(binaries)
    ratio = " ratio |" if len(names) > 1 else ""
    rows = [
        f"| instructions per request, one client at a time, SQLite in memory | {' | '.join(names)} |{ratio}",
        "|---|" + "---:|" * (len(names) + (1 if ratio else 0)),
    ]
    starters = {name: _starter(name, path, processes) for name, path in binaries.items()}
    for kind in KINDS:
        counts = [_instructions_per_request(kind, name, starters[name], processes) for name in names]
        columns = [f"{count:,.0f}" for count in counts]
        if ratio:
            columns.append(f"{counts[0] / counts[1]:.3f}")
        rows.append(f"| {kind.name} | {' | '.join(columns)} |")
    return "\n".join(rows)


def _starter(name: str, binary: Path, processes: Processes) -> Starter:
    """Returns a starter of a copy without debug information, which valgrind 3.19 cannot parse."""
    copy = processes.directory / f"{name}-without-debug-information"
    subprocess.run(["objcopy", "--strip-debug", str(binary), str(copy)], check=True)
    return Starter(processes, copy, peer=copy)


def _instructions_per_request(kind: Kind, name: str, starter: Starter, processes: Processes) -> float:
    few, many = (_instructions(kind, name, starter, processes, number) for number in (FEW_REQUESTS, MANY_REQUESTS))
    return (many - few) / (MANY_REQUESTS - FEW_REQUESTS)


def _instructions(kind: Kind, name: str, starter: Starter, processes: Processes, requests: int) -> int:
    output = processes.directory / "callgrind.out"
    output.unlink(missing_ok=True)
    server = starter.megaphone(
        f"{name}-callgrind", "sqlite::memory:", ONE_WORKER, kind.max_staleness, LOG_OFF,
        # Swift's dictionaries are seeded at random otherwise, and the instructions of a search vary with the seed.
        under=(
            "env", "SWIFT_DETERMINISTIC_HASHING=1",
            "valgrind", "--tool=callgrind", f"--callgrind-out-file={output}",
        ),
    )
    for channel in range(CHANNELS):
        if server.put(f"{BROADCASTER}/channel-{channel:05}", b"1740558489000").status != 201:
            raise RunError("megaphone under callgrind did not create a channel")
    _send(kind, server, requests)
    starter.stop(server)
    totals = [line for line in output.read_text().splitlines() if line.startswith("totals:")]
    if not totals:
        raise RunError("callgrind wrote no totals")
    return int(totals[-1].split()[1])


def _send(kind: Kind, server: Server, requests: int) -> None:
    if kind.on_new_connections:
        statuses = [server.board({"Connection": "close"}).status for _ in range(requests)]
    else:
        with socket.create_connection(("127.0.0.1", server.port), probe.DEADLINE_SECONDS) as connection:
            statuses = [probe.ask_on(connection, BOARD, READING).status for _ in range(requests)]
    if statuses != [200] * requests:
        raise RunError(f"{kind.name} under callgrind got another status than 200")
