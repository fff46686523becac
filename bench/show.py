"""Results as text."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench.comparison import Case, Contender, Figure, Result

__all__ = ["show"]


def show(result: Result) -> str:
    """Give the lines of one comparison."""
    case, goal = result.case, result.case.goal
    sign = ">=" if goal.by == "rate" else "<="
    span = f"{min(result.ratios):.2f} to {max(result.ratios):.2f}"
    cpu = f" (of processor time {result.cpu_ratio:.2f})" if result.cpu_ratio else ""
    lines = [
        case.title,
        f"  {'':<22}{'min':>12}{'median':>12}{'max':>12}  {'':6}{'peak memory':>13}",
        _side(case, case.ours, result.ours),
        _side(case, case.peer, result.peer),
        f"  ratio of {goal.by}s in {case.rounds} rounds: {span}, median {result.ratio:.2f}{cpu}",
        f"  goal {sign} {goal.ratio}: {_verdict(result.fast_enough)}",
    ]
    if goal.max_rss is not None and result.small_enough is not None:
        lines.append(
            f"  memory, goal <= {goal.max_rss / 1e6:.0f} MB: {_verdict(result.small_enough)}"
        )
    return "\n".join(lines) + "\n"


def _side(case: Case, side: Contender, figures: Sequence[Figure]) -> str:
    if case.unit == "ms":
        values = [figure.seconds * 1000 for figure in figures]
    else:
        values = [figure.rate for figure in figures]
    numbers = "".join(f"{value:>12,.0f}" for value in (min(values), median(values), max(values)))
    known = [figure.rss for figure in figures if figure.rss is not None]
    peak = f"{max(known) / 1e6:>10,.0f} MB" if known else "      unknown"
    return f"  {side.name:<22}{numbers}  {case.unit:<6}{peak}"


def _verdict(reached: bool) -> str:  # noqa: FBT001 - a word for a fact
    return "PASS" if reached else "MISS"
