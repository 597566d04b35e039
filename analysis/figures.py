"""Figures from the runs in MLflow: ``python analysis/figures.py --experiment NAME --out DIR``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":  # import from the project, not from this folder, and tell why not
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from analysis.options import FigureOptions
    from common.cli import run_command

    sys.exit(run_command("analysis.figures", FigureOptions.parse))

from analysis.choices import FIGURE_FORMATS, FIGURES
from analysis.options import FigureOptions, check_names
from analysis.paper.figures import all_figures
from analysis.plotting.drawing import save
from analysis.reading.selection import left_out_note
from analysis.stats.view import View


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the figures into ``--out``."""
    options = FigureOptions.parse(argv)
    wanted = check_names("figure", options.figure or FIGURES, FIGURES)
    formats = check_names("format", options.format or FIGURE_FORMATS, FIGURE_FORMATS)
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
