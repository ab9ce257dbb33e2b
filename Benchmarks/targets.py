"""The comparisons of a run, the targets for them, and whether the targets were met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import quantiles

from cases import BASELINE_SUFFIX, Case
from load import Sample

Samples = dict[str, list[Sample]]


@dataclass(frozen=True)
class Comparison:
    """A comparison of two cases in the same run: ratios of requests/s and of CPU a request, with targets, if any."""

    case: str
    beside: str
    rate_at_least: float | None = None
    cpu_at_most: float | None = None

    @property
    def has_target(self) -> bool:
        return self.rate_at_least is not None or self.cpu_at_most is not None


@dataclass(frozen=True)
class Ratio:
    """The median of the ratios of the rounds. Half of the rounds lie between LOW and HIGH."""

    low: float
    median: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f}"


@dataclass(frozen=True)
class Ratios:
    """Requests/s and CPU a request of one case, divided by those of another."""

    rate: Ratio
    cpu: Ratio


@dataclass(frozen=True)
class Verdict:
    """Whether one target was met, and a sentence that says so. MET is None if the target was not measured."""

    met: bool | None
    text: str


COMPARISONS = [
    Comparison("GET within 1s, 8", "nginx, 8", rate_at_least=1.0, cpu_at_most=0.9),
    Comparison("GET within 1s, 64", "nginx, 64", rate_at_least=1.0, cpu_at_most=0.9),
    Comparison("GET within 1s, 256", "nginx, 256", rate_at_least=1.0, cpu_at_most=0.9),
    Comparison(
        "GET within 1s, 64 × 16 pipelined", "nginx, 64 × 16 pipelined", rate_at_least=1.0, cpu_at_most=0.9
    ),
    Comparison("GET strict, 8", "nginx, 8"),
    Comparison("GET strict, 8", "peer GET, 8"),
    Comparison("GET strict, 64", "nginx, 64", rate_at_least=0.8),
    Comparison("GET strict, 64", "peer GET, 64", rate_at_least=5.0),
    Comparison("GET strict, 256", "nginx, 256", rate_at_least=0.95),
    Comparison("GET strict, 256", "peer GET, 256"),
    Comparison("GET strict, 64 × 16 pipelined", "nginx, 64 × 16 pipelined"),
    Comparison("GET within 1s with log, 64", "nginx with log, 64", cpu_at_most=0.75),
    Comparison("GET within 1s with log, 64", "nginx with unbuffered log, 64"),
    Comparison("GET within 1s with log, 64", "GET within 1s, 64"),
    Comparison("GET strict with log, 64", "nginx with log, 64", rate_at_least=0.8),
    Comparison("GET strict with log, 64", "nginx with unbuffered log, 64"),
    Comparison("GET strict with log, 64", "GET strict, 64"),
    Comparison("nginx with log, 64", "nginx, 64"),
    Comparison("nginx with unbuffered log, 64", "nginx, 64"),
    Comparison("GET within 1s, 64, 2 workers", "GET within 1s, 64"),
    Comparison("GET strict, 64, 2 workers", "GET strict, 64", rate_at_least=1.0, cpu_at_most=1.15),
    Comparison("GET strict, 256, 2 workers", "GET strict, 256", rate_at_least=1.0, cpu_at_most=1.15),
    # wrk is the slowest part of a new connection, so the requests/s of these cases hardly differ.
    Comparison("GET within 1s, 64, new connections", "nginx, 64, new connections", cpu_at_most=1.0),
    Comparison("GET strict, 64, new connections", "nginx, 64, new connections"),
    Comparison("304 within 1s, 64", "nginx 304, 64"),
    Comparison("304 within 1s, 64, 10,000 channels", "304 within 1s, 64", rate_at_least=0.9),
    Comparison("PUT, 1", "peer PUT, 1", cpu_at_most=0.7),
    # At most 1.3 times the time.
    Comparison("PUT with history, 1", "PUT, 1", rate_at_least=1 / 1.3),
    Comparison("PUT with history, 8", "PUT, 8"),
    Comparison("PUT, 8", "peer PUT, 8", rate_at_least=1.1, cpu_at_most=0.7),
    Comparison("PUT, 32", "peer PUT, 32", rate_at_least=1.1, cpu_at_most=0.7),
]


def beside_baseline(name: str) -> Comparison:
    """Returns the comparison of a case with the baseline. The margin is noise: no case may be slower."""
    return Comparison(name, name + BASELINE_SUFFIX, rate_at_least=0.95, cpu_at_most=1.05)


def ratios(comparison: Comparison, samples: Samples) -> Ratios | None:
    """Compares two cases, or returns None if one of them has no valid result."""
    own, other = samples.get(comparison.case, []), samples.get(comparison.beside, [])
    if not own or not other or any(sample.problem for sample in own + other):
        return None
    # Ratios are computed per round, so that a disturbance during a round affects both sides.
    return Ratios(
        rate=ratio_of((mine.rate, theirs.rate) for mine, theirs in zip(own, other)),
        cpu=ratio_of((mine.cpu_microseconds, theirs.cpu_microseconds) for mine, theirs in zip(own, other)),
    )


def verdicts(cases: list[Case], samples: Samples) -> Iterator[Verdict]:
    """Judges all targets of the cases, in the order of the cases. Skips comparisons with cases that did not run."""
    names = {case.name for case in cases}
    for case in cases:
        own = [comparison for comparison in COMPARISONS if comparison.case == case.name]
        for comparison in [*own, beside_baseline(case.name)]:
            if comparison.has_target and comparison.beside in names:
                yield from _judge(comparison, ratios(comparison, samples))


def _judge(comparison: Comparison, measured: Ratios | None) -> Iterator[Verdict]:
    beside = "the baseline" if comparison.beside.endswith(BASELINE_SUFFIX) else f"“{comparison.beside}”"
    if measured is None:
        yield Verdict(None, f"{comparison.case}: no valid comparison with {beside}")
        return
    if (target := comparison.rate_at_least) is not None:
        text = f"{comparison.case}: {measured.rate} times the requests/s of {beside}{spread(measured.rate)}"
        yield Verdict(measured.rate.median >= target, f"{text}; the target is at least {target:.3g}")
    if (target := comparison.cpu_at_most) is not None:
        text = f"{comparison.case}: {measured.cpu} times the CPU of {beside}{spread(measured.cpu)}"
        yield at_most(text, measured.cpu.median, target)


def spread(ratio: Ratio) -> str:
    """Returns the range of half of the rounds, or nothing if they are equal."""
    if ratio.low == ratio.high:
        return ""
    return f" (half of the rounds: {ratio.low:.2f} to {ratio.high:.2f})"


def at_most(text: str, value: float, target: float) -> Verdict:
    return Verdict(value <= target, f"{text}; the target is at most {target:g}")


def render(judged: Iterable[Verdict]) -> str:
    """Returns the targets as a list: missed ones first, then those without a result, then those met."""
    judged = list(judged)
    if not judged:
        return "No targets apply to this run."
    groups = [("missed", False), ("not measured", None), ("met", True)]
    by_group = {word: [each.text for each in judged if each.met is met] for word, met in groups}
    heading = ", ".join(f"{len(texts)} {word}" for word, texts in by_group.items())
    return "\n".join(
        [f"Targets: {heading}.", ""]
        + [f"- {word}: {text}" for word, texts in by_group.items() for text in texts]
    )


def ratio_of(pairs: Iterable[tuple[float, float]]) -> Ratio:
    """Returns the median of the ratios of pairs that were measured one after the other."""
    values = [mine / theirs if theirs else float("inf") for mine, theirs in pairs]
    # quantiles() requires two values.
    low, middle, high = quantiles(values if len(values) > 1 else values * 2, n=4, method="inclusive")
    return Ratio(low, middle, high)
