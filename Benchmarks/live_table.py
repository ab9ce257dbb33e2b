"""Renders and judges the measurements of event streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from live_results import Change, Results
from live_servers import C_LOOP
from targets import Ratio, Verdict, at_most, ratio_of, spread

BYTES_AT_MOST = 2048
BYTES_OF_NCHAN_AT_MOST = 0.25
P99_OF_NCHAN_AT_MOST = 0.85
P99_OF_C_LOOP_AT_MOST = 1.35
SHARE_BEFORE_RESPONSE_AT_MOST = 0.5
GET_P99_MILLISECONDS_AT_MOST = 50

Values = Callable[[Results], list[float]]


def _of_changes(value: Callable[[Change], float]) -> Values:
    return lambda results: [value(change) for change in results.changes]


_resident: Values = lambda results: results.resident_bytes
_p99 = _of_changes(lambda change: change.p99)


@dataclass(frozen=True)
class Row:
    """One figure of all servers. COMPARED are the servers that Megaphone's figure is divided by."""

    text: str
    values: Values
    decimals: int = 1
    compared: tuple[str, ...] = ()


OTHERS = ("nchan", C_LOOP, "baseline")
# The C loop keeps a descriptor of each listener, so a ratio to its memory says nothing.
WITHOUT_C_LOOP = ("nchan", "baseline")
ROWS = [
    Row("resident per listener, bytes", _resident, 0, WITHOUT_C_LOOP),
    Row("the same after the changes", lambda results: results.resident_bytes_after, 0, WITHOUT_C_LOOP),
    Row("delivery, p50, ms", _of_changes(lambda change: change.p50), compared=OTHERS),
    Row("delivery, p99, ms", _p99, compared=OTHERS),
    Row("last delivery, ms", _of_changes(lambda change: change.last), compared=OTHERS),
    Row("CPU per delivery, µs", _of_changes(lambda change: change.cpu_microseconds), compared=OTHERS),
    Row("response to the PUT, ms", _of_changes(lambda change: change.response)),
    Row("delivered before that response, %", _of_changes(lambda change: 100 * change.share_before_response), 0),
    Row("GET meanwhile, p99, ms", lambda results: results.get_p99),
]


def render(count: int, results: dict[str, Results]) -> str:
    """Returns a table: medians, and medians of the ratios of changes that followed each other."""
    pairs = [("megaphone", other) for other in results if other != "megaphone"] + [(C_LOOP, "nchan")]
    heads = [f"{count:,} listeners", *results, *(f"{own} ÷ {other}" for own, other in pairs)]
    lines = [_line(heads), "|---|" + "---:|" * (len(heads) - 1)]
    for row in ROWS:
        columns = [_median(own, row) for own in results.values()]
        columns += [_ratio_column(results, pair, row) for pair in pairs]
        lines.append(_line([row.text, *columns]))
    delivered = [_delivered(own, count) for own in results.values()]
    lines.append(_line(["delivered, %", *delivered, *("" for _ in pairs)]))
    problems = [f"{name} is invalid: {own.problem}" for name, own in results.items() if own.problem]
    return "\n".join(lines + ["", *problems] if problems else lines)


def verdicts(count: int, results: dict[str, Results]) -> list[Verdict]:
    """Judges Megaphone's results with COUNT listeners."""
    return list(_judge(count, results))


def _judge(count: int, results: dict[str, Results]) -> Iterator[Verdict]:
    subject = f"{count:,} listeners"
    own = results["megaphone"]
    if own.problem or not own.changes:
        yield Verdict(None, f"{subject}: {own.problem or 'no change was measured'}")
        return
    resident = median(own.resident_bytes)
    yield at_most(f"{subject}: {resident:,.0f} bytes resident each", resident, BYTES_AT_MOST)
    compared = [
        ("nchan", "resident bytes", _resident, BYTES_OF_NCHAN_AT_MOST),
        ("nchan", "p99", _p99, P99_OF_NCHAN_AT_MOST),
        (C_LOOP, "p99", _p99, P99_OF_C_LOOP_AT_MOST),
    ]
    for other, what, values, target in compared:
        name = f"the {other}" if other == C_LOOP else other
        ratio = _ratio(results, "megaphone", other, values)
        if ratio is None:
            yield Verdict(None, f"{subject}: no valid comparison with {name}")
        else:
            text = f"{subject}: {ratio} times the {what} of {name}{spread(ratio)}"
            yield at_most(text, ratio.median, target)
    missing = sum(count - change.delivered for change in own.changes)
    yield at_most(f"{subject}: {missing:,} deliveries are missing", missing, 0)
    share = median(change.share_before_response for change in own.changes)
    yield at_most(
        f"{subject}: {share:.2f} of the deliveries come before the response to the PUT", share,
        SHARE_BEFORE_RESPONSE_AT_MOST,
    )
    p99 = median(own.get_p99)
    yield at_most(f"{subject}: p99 of GETs meanwhile is {p99:.1f} ms", p99, GET_P99_MILLISECONDS_AT_MOST)


def _ratio(results: dict[str, Results], name: str, other_name: str, values: Values) -> Ratio | None:
    own, other = results[name], results[other_name]
    if own.problem or other.problem or not values(own) or not values(other):
        return None
    return ratio_of(zip(values(own), values(other)))


def _ratio_column(results: dict[str, Results], pair: tuple[str, str], row: Row) -> str:
    if any(name not in row.compared for name in pair if name != "megaphone"):
        return ""
    return str(_ratio(results, *pair, row.values) or "")


def _median(results: Results, row: Row) -> str:
    measured = [] if results.problem else row.values(results)
    return f"{median(measured):,.{row.decimals}f}" if measured else ""


def _delivered(results: Results, count: int) -> str:
    if results.problem or not results.changes:
        return ""
    share = sum(change.delivered for change in results.changes) / (count * len(results.changes))
    return f"{100 * share:g}"


def _line(columns: list[str]) -> str:
    return f"| {' | '.join(columns)} |"
