"""Renders the samples of a run as Markdown."""

from __future__ import annotations

from statistics import median

from cases import Case, Comparison
from load import Sample

HEAD = "| case, connections | requests/s | CPU µs | database µs | p99 ms | compared with |"
RULE = "|---|---:|---:|---:|---:|---|"


def render(cases: list[Case], samples: dict[str, list[Sample]], comparisons: list[Comparison]) -> str:
    """Returns one row per case: medians of the rounds, and ratios to the cases it is compared with."""
    rows = [HEAD, RULE]
    for case in cases:
        valid = [sample for sample in samples[case.name] if sample.problem is None]
        if len(valid) < len(samples[case.name]):
            problem = next(sample.problem for sample in samples[case.name] if sample.problem)
            rows.append(f"| {case.name} | invalid: {problem} | | | | |")
            continue
        rows.append(_row(case, samples, [each for each in comparisons if each.case == case.name]))
    return "\n".join(rows)


def _row(case: Case, samples: dict[str, list[Sample]], comparisons: list[Comparison]) -> str:
    own = samples[case.name]
    beside = [
        _comparison(own, samples[each.beside], each)
        for each in comparisons
        if samples.get(each.beside) and all(sample.problem is None for sample in samples[each.beside])
    ]
    columns = [
        case.name,
        f"{median(sample.rate for sample in own):,.0f}",
        f"{median(sample.cpu_microseconds for sample in own):.1f}",
        f"{median(sample.database_microseconds for sample in own):.1f}",
        f"{median(sample.p99_milliseconds for sample in own):.2f}",
        "; ".join(beside),
    ]
    return f"| {' | '.join(columns)} |"


def _comparison(own: list[Sample], other: list[Sample], comparison: Comparison) -> str:
    # Ratios are computed per round, so that a disturbance during a round affects both sides.
    rate = median(mine.rate / theirs.rate for mine, theirs in zip(own, other))
    cpu = median(_ratio(mine.cpu_microseconds, theirs.cpu_microseconds) for mine, theirs in zip(own, other))
    return (
        f"{comparison.beside}: rate {rate:.2f}{_in_brackets(at_least(rate, comparison.rate_at_least))}, "
        f"CPU {cpu:.2f}{_in_brackets(at_most(cpu, comparison.cpu_at_most))}"
    )


def at_least(value: float, bar: float | None) -> str:
    return "" if bar is None else f"≥ {bar:g} {_verdict(value >= bar)}"


def at_most(value: float, bar: float | None) -> str:
    return "" if bar is None else f"≤ {bar:g} {_verdict(value <= bar)}"


def _in_brackets(verdict: str) -> str:
    return f" ({verdict})" if verdict else ""


def _verdict(met: bool) -> str:
    return "met" if met else "**missed**"


def _ratio(mine: float, theirs: float) -> float:
    return mine / theirs if theirs else float("inf")
