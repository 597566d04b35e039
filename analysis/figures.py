"""Figures from the runs in MLflow: ``python analysis/figures.py --experiment NAME --out DIR``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

if not __package__:  # run as a file: import from the project, not from this folder
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from matplotlib.figure import Figure

from analysis.drawing import FILE_FORMATS, save, style
from analysis.layouts import METRIC_TITLES, Layout
from analysis.options import RunOptions, check_names, option
from analysis.paper_figures import figure1, figure2, figure4, figure5
from analysis.run_figures import distributions, epochs, precision_recall, ranks, seconds
from analysis.selection import Selection, left_out_note
from analysis.stored import load_scores
from common.options import parse, run
from experiments import names

#: Figures by name; those of the second group also read the scores that runs have stored.
FROM_METRICS: Final = {
    "figure1": figure1,
    "figure2": figure2,
    "figure4": figure4,
    "figure5": figure5,
    "epochs": epochs,
    "ranks": ranks,
    "seconds": seconds,
}
FROM_SCORES: Final = {
    "distributions": distributions,
    "precision_recall": precision_recall,
}
FIGURES: Final = (*FROM_METRICS, *FROM_SCORES)


def all_figures(
    runs: Selection, layout: Layout, wanted: Sequence[str] = FIGURES
) -> dict[str, Figure]:
    """Every figure of ``wanted`` that the runs allow, by name."""
    draw: dict[str, Callable[..., Figure | None]] = {
        **FROM_METRICS,
        **{n: partial(f, scores=partial(load_scores, runs.store)) for n, f in FROM_SCORES.items()},
    }
    with style():
        made = {name: draw[name](runs.frames, layout) for name in wanted}
    return {name: figure for name, figure in made.items() if figure is not None}


@dataclass(frozen=True)
class FigureOptions(RunOptions):
    """Which figures, and in which form."""

    metric: str = option(f"one of {', '.join(METRIC_TITLES)}", names.F1)
    figure: tuple[str, ...] = option(f"only these: {', '.join(FIGURES)}", ())
    format: tuple[str, ...] = option(f"of {', '.join(FILE_FORMATS)} (default: all)", ())


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the figures into ``--out``."""
    options = parse(FigureOptions, "figures", "Figures from the runs in MLflow.", argv)
    check_names("metric", [options.metric], METRIC_TITLES)
    wanted = check_names("figure", options.figure or FIGURES, FIGURES)
    formats = check_names("format", options.format or FILE_FORMATS, FILE_FORMATS)
    out = options.folder()

    runs = options.selection()
    figures = all_figures(runs, Layout(options.metric, options.chosen_signals(runs.frames)), wanted)
    with style():
        for path in save(figures, out, formats):
            print(path)
    if missing := [name for name in wanted if name not in figures]:
        print(f"no runs for: {', '.join(missing)}")
    if note := left_out_note(runs.frames):
        print(note)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
