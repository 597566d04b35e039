"""What all figures share: style, panels, grouped bars, curves, legends and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analysis.choices import FIGURE_FORMATS
from analysis.rendering.text import DIGITS, display_name
from influence.signals import PAPER
from influence.signals.display import ordered, style_of

Share = Literal["none", "all", "row", "col"]

PANEL: Final = (2.35, 1.85)
_STYLE: Final[dict[Any, Any]] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "0.85",
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "lines.markersize": 3.5,
    "savefig.dpi": 200,
    "pdf.fonttype": 42,
    "svg.hashsalt": "influence-signals",
    "text.parse_math": False,  # names of user data may contain dollar signs
}


@contextmanager
def style() -> Iterator[None]:
    """Matplotlib's settings for every figure."""
    with mpl.rc_context(_STYLE):
        yield


def panels(
    rows: int, columns: int, *, sharex: Share = "none", sharey: Share = "all"
) -> tuple[Figure, np.ndarray]:
    """A figure with rows × columns panels below a strip for the legend."""
    width, height = max(PANEL[0] * columns, 4.6), PANEL[1] * rows + 0.45
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=sharex, sharey=sharey)
    return figure, axes


def preferred(signals: Sequence[str], wanted: Sequence[str] | None) -> list[str]:
    """The signals to draw: those asked for, else the paper's, else all; in registry order."""
    if wanted is not None:
        return ordered(set(signals) & set(wanted))
    return ordered(set(signals) & set(PAPER) or signals)


def legend(
    figure: Figure, signals: Sequence[str], *, bars: bool = False, markers: bool = True
) -> None:
    """A legend above all panels, with one entry per signal."""
    handles: list[Patch | Line2D] = []
    for drawn in map(style_of, signals):
        if bars:
            patch = Patch(facecolor=drawn.colour, hatch=drawn.hatch, edgecolor="white")
            patch.set_label(drawn.short)
            handles.append(patch)
        else:
            marker = drawn.marker if markers else ""
            handles.append(Line2D([], [], color=drawn.colour, marker=marker, label=drawn.short))
    columns = min(len(handles), max(2, int(figure.get_figwidth() / 1.1)))
    figure.legend(handles=handles, loc="outside upper center", ncols=columns)


def grouped_bars(
    axes: Axes, summary: pd.DataFrame, group: str, groups: Sequence[str], signals: Sequence[str]
) -> None:
    """The bars of all signals in each group, with standard deviations over seeds.

    Args:
        axes: where to draw.
        summary: columns ``group``, ``series``, ``mean`` and ``sd``.
        group: the column of the groups: a field of the spec.
        groups: its values, from left to right.
        signals: values of ``series``, from left to right.
    """
    table = summary.set_index([group, "series"])
    width = 0.8 / len(signals)
    for number, signal in enumerate(signals):
        wanted = table.reindex([(name, signal) for name in groups])
        places = np.arange(len(groups)) + (number - (len(signals) - 1) / 2) * width
        drawn = style_of(signal)
        axes.bar(
            places,
            wanted["mean"],
            width,
            yerr=_deviation(wanted),
            color=drawn.colour,
            hatch=drawn.hatch,
            edgecolor="white",
            linewidth=0.4,
            error_kw={"elinewidth": 0.8, "capsize": 1.5, "capthick": 0.8},
        )
    axes.set_xticks(np.arange(len(groups)), [display_name(group, name) for name in groups])
    axes.set_xlim(-0.5, len(groups) - 0.5)


def curves(
    axes: Axes, summary: pd.DataFrame, x: str, signals: Sequence[str], *, best: bool = False
) -> None:
    """A line with error bars for each signal.

    Args:
        axes: where to draw.
        summary: columns ``x``, ``series``, ``mean`` and ``sd``.
        x: the column along the horizontal axis.
        signals: values of ``series``.
        best: whether to mark the highest point of each line with a ring; constant lines have none.
    """
    for number, signal in enumerate(signals):
        line = summary[summary["series"] == signal].sort_values(x)
        if line.empty:
            continue
        drawn = style_of(signal)
        axes.errorbar(
            line[x],
            line["mean"],
            yerr=_deviation(line),
            color=drawn.colour,
            marker=drawn.marker,
            elinewidth=0.7,
            capsize=1.5,
            zorder=3 - number / 100,
        )
        if best and np.ptp(line["mean"].round(DIGITS)) > 0:
            top = line.nlargest(1, "mean")
            axes.scatter(
                top[x], top["mean"], s=55, facecolors="none", edgecolors=drawn.colour, zorder=4
            )


def _deviation(summary: pd.DataFrame) -> np.ndarray:
    """Lengths of the error bars below and above each mean, (2, n), clipped to scores in [0, 1]."""
    mean, sd = summary["mean"].to_numpy(), summary["sd"].fillna(0.0).to_numpy()
    return np.array([np.minimum(sd, mean), np.minimum(sd, 1.0 - mean)])


def score_axis(axes: Axes) -> None:
    """A vertical axis from 0 to 1."""
    axes.set_ylim(-0.03, 1.05)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])


def not_run(axes: Axes) -> None:
    """Mark a panel that has no runs."""
    axes.text(0.5, 0.5, "not run", ha="center", va="center", transform=axes.transAxes, color="0.4")
    axes.set_xticks([])


def settle(figure: Figure) -> None:
    """Fix the layout of a figure, which would otherwise change a little each time it is drawn."""
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


def save(
    figures: Mapping[str, Figure], out: Path, formats: Sequence[str] = FIGURE_FORMATS
) -> list[Path]:
    """Write each figure in each format. The same figure gives the same bytes."""
    written = []
    with style():
        for name, figure in figures.items():
            settle(figure)
            for suffix in formats:
                written.append(out / f"{name}.{suffix}")
                undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(suffix)
                figure.savefig(written[-1], metadata=undated)
    return written
