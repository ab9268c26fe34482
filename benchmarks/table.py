"""The figures as a table for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.figures import Figure

_HEAD = ("", "", "gateway", "target", "", "floor", "bare")
_LEFT = (0, 1, 4)


def table(results: Mapping[str, Sequence[Figure]]) -> str:
    """One table of everything that was measured: a line each, the scenario's name before its first."""
    rows = [_HEAD]
    for scenario, figures in results.items():
        for number, figure in enumerate(figures):
            rows.append((scenario if number == 0 else "", *_row(figure)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return "\n".join(_line(row, widths) for row in rows)


def _row(figure: Figure) -> tuple[str, str, str, str, str, str]:
    target = f"{figure.target.sign} {figure.target.bound:g}" if figure.target else ""
    met = {None: "", True: "yes", False: "NO"}[figure.met]
    return (
        f"{figure.name}, {figure.unit}",
        _number(figure.gateway),
        target,
        met,
        _number(figure.floor),
        _number(figure.bare),
    )


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.ljust(width) if column in _LEFT else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
