"""Renders the samples of a run as Markdown."""

from __future__ import annotations

from statistics import median

from cases import Case
from targets import COMPARISONS, Comparison, Ratios, Samples, beside_baseline, ratios

HEAD = ["case, connections", "requests/s", "CPU µs", "database µs", "p99 ms"]
BASELINE_HEAD = ["requests/s ÷ baseline", "CPU ÷ baseline"]
BESIDE_HEAD = ["compared with: ratio of requests/s, of CPU", "target"]


def render(cases: list[Case], samples: Samples, with_baseline: bool) -> str:
    """Returns one row per case: medians of the rounds, and ratios to the cases it is compared with.

    The cases of the baseline have no rows: each is a ratio in the row of the same case of Megaphone.
    """
    head = HEAD + (BASELINE_HEAD if with_baseline else []) + BESIDE_HEAD
    numbers = len(head) - len(BESIDE_HEAD) - 1
    rows = [_line(head), "|---|" + "---:|" * numbers + "---|---|"]
    for case in cases:
        if case.setup.program != "baseline":
            columns = _measured(case, samples)
            columns += _against_baseline(case, samples) if with_baseline else []
            rows.append(_line(columns + _compared(case, samples)))
    return "\n".join(rows)


def _measured(case: Case, samples: Samples) -> list[str]:
    own = samples[case.name]
    problem = next((sample.problem for sample in own if sample.problem), None)
    if problem:
        return [case.name, f"invalid: {problem}", "", "", ""]
    return [
        case.name,
        f"{median(sample.rate for sample in own):,.0f}",
        f"{median(sample.cpu_microseconds for sample in own):.1f}",
        f"{median(sample.database_microseconds for sample in own):.1f}",
        f"{median(sample.p99_milliseconds for sample in own):.2f}",
    ]


def _against_baseline(case: Case, samples: Samples) -> list[str]:
    comparison = beside_baseline(case.name)
    if not case.setup.is_megaphone or comparison.beside not in samples:
        return ["", ""]
    measured = ratios(comparison, samples)
    if measured is None:
        return ["invalid", "invalid"]
    return [
        f"{measured.rate}" + ("" if measured.rate.median >= comparison.rate_at_least else " **missed**"),
        f"{measured.cpu}" + ("" if measured.cpu.median <= comparison.cpu_at_most else " **missed**"),
    ]


def _compared(case: Case, samples: Samples) -> list[str]:
    """Returns two columns: the ratios, and the targets of those ratios that have one."""
    compared, wanted = [], []
    for comparison in COMPARISONS:
        if comparison.case != case.name:
            continue
        measured = ratios(comparison, samples)
        if measured is None:
            continue
        compared.append(f"{comparison.beside}: {measured.rate}, {measured.cpu}")
        if comparison.has_target:
            wanted.append(f"{comparison.beside}: {_targets(comparison, measured)}")
    return ["; ".join(compared), "; ".join(wanted)]


def _targets(comparison: Comparison, measured: Ratios) -> str:
    texts = []
    if (target := comparison.rate_at_least) is not None:
        texts.append(f"requests/s ≥ {target:.3g} {_word(measured.rate.median >= target)}")
    if (target := comparison.cpu_at_most) is not None:
        texts.append(f"CPU ≤ {target:g} {_word(measured.cpu.median <= target)}")
    return ", ".join(texts)


def _word(met: bool) -> str:
    return "met" if met else "**missed**"


def _line(columns: list[str]) -> str:
    return f"| {' | '.join(columns)} |"
