"""Figures from the runs in MLflow: ``python analysis/figures.py --experiment NAME --out DIR``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

if not __package__:  # run as a file: import from the project, not from this folder
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from matplotlib.figure import Figure

from analysis.options import RunOptions, check_names
from analysis.paper.figures import figure1, figure2, figure4, figure5
from analysis.paper.layouts import METRIC_TITLES, Layout
from analysis.plotting.drawing import FILE_FORMATS, save, style
from analysis.plotting.run_figures import distributions, epochs, precision_recall, ranks, seconds
from analysis.reading.frames import Frames
from analysis.reading.selection import Selection, left_out_note
from analysis.reading.stored import load_scores
from analysis.stats.summary import glitch_order
from common.cli import option, parse, run
from experiments import schema

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
    runs: Selection, layout: Layout, wanted: Iterable[str] = FIGURES
) -> dict[str, Figure]:
    """Every figure of ``wanted`` that the runs allow, by name; those that are drawn from scores
    come one a glitch, as ``distributions_uniform_noise``."""
    made: dict[str, Figure | None] = {}
    with style():
        for name in wanted:
            if name in FROM_METRICS:
                made[name] = FROM_METRICS[name](runs.frames, layout)
                continue
            for glitch, frames in _by_glitch(runs.frames):
                stored = partial(load_scores, runs.store)
                made[f"{name}_{file_name(glitch)}"] = FROM_SCORES[name](frames, layout, stored)
    return {name: figure for name, figure in made.items() if figure is not None}


def _by_glitch(frames: Frames) -> Iterator[tuple[str, Frames]]:
    trials = frames.trials
    for glitch in sorted(trials["glitch"].unique(), key=glitch_order):
        yield glitch, frames.only(trials["run_id"][trials["glitch"] == glitch])


def file_name(glitch: str) -> str:
    """A glitch as part of a file's name.

    >>> file_name("outliers(mode=added)")
    'outliers_mode=added'
    """
    return re.sub(r"[^\w.=+-]+", "_", glitch).strip("_")


@dataclass(frozen=True)
class FigureOptions(RunOptions):
    """Which figures, and in which form."""

    metric: str = option(f"one of {', '.join(METRIC_TITLES)}", schema.F1)
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
    if missing := [name for name in wanted if not any(f.startswith(name) for f in figures)]:
        print(f"no runs for: {', '.join(missing)}")
    if note := left_out_note(runs.frames):
        print(note)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
