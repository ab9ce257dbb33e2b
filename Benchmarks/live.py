"""Measures event streams: memory per listener, the delivery of changes, and requests meanwhile."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import accounting
import live_table
from listeners import ListenerError, Listeners
from live_results import Change, Results
from live_servers import LiveServer, LiveStarter
from processes import RunError
from targets import Verdict

LISTENERS = (1_000, 10_000)
# Changes per round. Each round starts new servers, connects the listeners of all, and then changes them in turn.
CHANGES = 5
CHANGES_WITH_GETS = 3
# Time for a server to release memory after its listeners have connected.
SETTLE_SECONDS = 0.5

HEADING = """\
Event streams: medians of {rounds} rounds of {changes} changes each. The changes of the servers alternate; each ratio is the
median of the ratios of changes that followed each other. Times begin when the PUT is sent. Resident memory includes
nchan's shared memory, but not the kernel's memory for sockets."""


@dataclass
class _Running:
    """A server of the present round with its listeners."""

    server: LiveServer
    resident_before: int
    listeners: Listeners | None = None


class LiveSection:
    """The measurements, made on construction, as tables and verdicts."""

    def __init__(self, starter: LiveStarter, rounds: int):
        self._starter = starter
        self._rounds = rounds
        self._elsewhere: list[float] = []
        self._results = {count: {name: Results() for name in starter.programs} for count in LISTENERS}
        for number in range(1, rounds + 1):
            for count in LISTENERS:
                self._measure_round(number, rounds, count)

    @property
    def verdicts(self) -> list[Verdict]:
        return live_table.verdicts(LISTENERS[-1], self._results[LISTENERS[-1]])

    @property
    def elsewhere(self) -> list[float]:
        """The share of the machine's processors that other programs used, for each round."""
        return self._elsewhere

    def __str__(self) -> str:
        tables = [live_table.render(count, results) for count, results in self._results.items()]
        return "\n\n".join([HEADING.format(rounds=self._rounds, changes=CHANGES), *tables])

    def _measure_round(self, number: int, rounds: int, count: int) -> None:
        started, elsewhere_before = time.monotonic(), accounting.elsewhere_cpu_seconds()
        results = self._results[count]
        running: dict[str, _Running] = {}
        # Every other round runs backwards, so that no server always comes first.
        names = self._starter.programs if number % 2 == 1 else self._starter.programs[::-1]
        try:
            for name in names:
                if results[name].problem is None:
                    self._try(results, running, name, lambda: self._connect(name, number, count, running))
            time.sleep(SETTLE_SECONDS)
            for name in running:
                results[name].resident_bytes.append(_bytes_per_listener(running[name], count))
            # Changes of different servers alternate, so that a disturbance affects both sides of a comparison.
            for _ in range(CHANGES):
                for name in list(running):
                    self._try(results, running, name, lambda: _change(running[name], results[name], count))
            for name in list(running):
                results[name].resident_bytes_after.append(_bytes_per_listener(running[name], count))
                self._try(results, running, name, lambda: _change_with_gets(running[name], results[name]))
        finally:
            for each in running.values():
                self._stop(each)
        available = (time.monotonic() - started) * (os.cpu_count() or 1)
        self._elsewhere.append(max(accounting.elsewhere_cpu_seconds() - elsewhere_before, 0) / available)
        self._report(f"round {number}/{rounds}", count, self._elsewhere[-1])

    def _connect(self, name: str, number: int, count: int, running: dict[str, _Running]) -> None:
        file_name = f"live-{name.replace(' ', '-')}-{count}-{number}"
        server = self._starter.start(name, file_name)
        running[name] = _Running(server, accounting.resident_bytes(server.pid))
        running[name].listeners = Listeners(self._starter.listeners, server, count)

    def _try(
        self, results: dict[str, Results], running: dict[str, _Running], name: str, step: Callable[[], None]
    ) -> None:
        """Runs one step. A server that fails, such as an older baseline, is not measured again with this count."""
        try:
            step()
        except (ListenerError, RunError) as error:
            results[name].problem = str(error)
            if name in running:
                self._stop(running.pop(name))

    def _stop(self, running: _Running) -> None:
        if running.listeners:
            running.listeners.close()
        self._starter.stop(running.server)

    def _report(self, place: str, count: int, elsewhere: float) -> None:
        for name, own in self._results[count].items():
            latest = own.changes[-CHANGES:]
            times = " ".join(f"{change.p99:.1f}" for change in latest)
            print(
                f"{place}  {count:>6,} listeners, {name:<10} p99 ms {times:<40} {elsewhere:>4.0%} elsewhere"
                f"  {own.problem or ''}",
                file=sys.stderr,
                flush=True,
            )


def _bytes_per_listener(running: _Running, count: int) -> float:
    return (accounting.resident_bytes(running.server.pid) - running.resident_before) / count


def _change(running: _Running, results: Results, count: int) -> None:
    before = accounting.cpu_seconds(running.server.pid)
    (values,), _ = running.listeners.publish(1)
    used = accounting.cpu_seconds(running.server.pid) - before
    delivered = values["delivered"]
    results.changes.append(
        Change(
            delivered=delivered,
            p50=values["p50"],
            p99=values["p99"],
            last=values["max"],
            response=values["response"],
            share_before_response=values["delivered_before_response"] / count,
            cpu_microseconds=used / max(delivered, 1) * 1e6,
        )
    )


def _change_with_gets(running: _Running, results: Results) -> None:
    if running.server.get:
        _, gets = running.listeners.publish(CHANGES_WITH_GETS, gets=True)
        results.get_p99.append(gets["get_p99"])
