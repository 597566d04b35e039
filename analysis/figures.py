"""Figures from the runs in MLflow: ``python analysis/figures.py --experiment NAME --out DIR``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

if not __package__:  # run as a file: import from the project, not from this folder
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import pandas as pd
from matplotlib.figure import Figure

from analysis.drawing import FILE_FORMATS, save, style
from analysis.layouts import METRIC_TITLES, Options
from analysis.options import chosen_signals, finish, folder, parser, selection
from analysis.paper_figures import figure1, figure2, figure4, figure5
from analysis.run_figures import distributions, epochs, precision_recall, ranks, seconds
from analysis.selection import Selection, left_out_note
from common.errors import UserError, unknown_name
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
    runs: Selection, options: Options, wanted: Sequence[str] = FIGURES
) -> dict[str, Figure]:
    """Every figure of ``wanted`` that the runs allow, by name."""
    draw: dict[str, Callable[..., Figure | None]] = {
        **FROM_METRICS,
        **{n: partial(f, scores=partial(stored_scores, runs)) for n, f in FROM_SCORES.items()},
    }
    with style():
        made = {name: draw[name](runs.frames, options) for name in wanted}
    return {name: figure for name, figure in made.items() if figure is not None}


def stored_scores(runs: Selection, run_id: str) -> pd.DataFrame | None:
    """The scores that a run has stored, if it has."""
    path = runs.store.artifact(run_id, names.SCORES_FILE)
    return None if path is None else pd.read_parquet(path)


def main(argv: Sequence[str] | None = None) -> None:
    """Draw the figures into ``--out``."""
    options = parser("Figures from the runs in MLflow.")
    options.add_argument("--metric", default=names.F1, choices=METRIC_TITLES)
    options.add_argument("--figure", action="append", help=f"only these: {', '.join(FIGURES)}")
    options.add_argument("--format", default=",".join(FILE_FORMATS), help="of pdf, svg, png")
    args = options.parse_args(argv)
    if args.out is None:
        raise UserError("figures need --out, a directory for the files")
    wanted, formats = args.figure or FIGURES, args.format.split(",")
    for kind, given, allowed in (("figure", wanted, FIGURES), ("format", formats, FILE_FORMATS)):
        for name in given:
            if name not in allowed:
                raise unknown_name(kind, name, allowed)

    runs = selection(args)
    signals = chosen_signals(args.signals, runs.frames)
    figures = all_figures(runs, Options(args.metric, signals), wanted)
    with style():
        for path in save(figures, folder(args.out), formats):
            print(path)
    if missing := [name for name in wanted if name not in figures]:
        print(f"no runs for: {', '.join(missing)}")
    if note := left_out_note(runs.frames):
        print(note)


if __name__ == "__main__":
    sys.exit(finish(main))
