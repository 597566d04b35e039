"""Figures from the runs in MLflow: ``python analysis/figures.py --experiment NAME --out DIR``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":  # import from the project, not from this folder, and tell why not
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from common.cli import run_command

    sys.exit(run_command("analysis.figures"))

from analysis.options import ViewOptions, check_names
from analysis.paper.figures import FIGURES, all_figures
from analysis.plotting.drawing import FILE_FORMATS, save
from analysis.reading.selection import left_out_note
from analysis.stats.view import View
from common.cli import option, parse


@dataclass(frozen=True)
class FigureOptions(ViewOptions):
    """Which figures, and in which formats."""

    figure: tuple[str, ...] = option(f"only these: {', '.join(FIGURES)}", ())
    format: tuple[str, ...] = option(f"of {', '.join(FILE_FORMATS)} (default: all)", ())


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the figures into ``--out``."""
    options = parse(FigureOptions, "figures", "Figures from the runs in MLflow.", argv)
    wanted = check_names("figure", options.figure or FIGURES, FIGURES)
    formats = check_names("format", options.format or FILE_FORMATS, FILE_FORMATS)
    options.check_out()

    runs = options.selection()
    view = View(options.metric, options.chosen_signals(runs.frames))
    figures = all_figures(runs, view, wanted)
    if figures:
        with options.output() as out:
            for path in save({f.stem: f.figure for f in figures}, out, formats):
                print(path)
    if missing := [name for name in wanted if name not in {figure.name for figure in figures}]:
        print(f"no runs for: {', '.join(missing)}")
    if note := left_out_note(runs):
        print(note)
    return 0
