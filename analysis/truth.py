"""Influence against retraining: ``python analysis/truth.py --experiment NAME --out DIR``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":  # import from the project, not from this folder, and tell why not
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from analysis.options import TruthOptions
    from common.cli import run_command

    sys.exit(run_command("analysis.truth", TruthOptions.parse))

from rich.console import Console

from analysis.options import TruthOptions
from analysis.paper.ground_truth import samples, tables
from analysis.plotting.drawing import save, style
from analysis.plotting.ground_truth import distributions
from analysis.reading.selection import left_out_note
from analysis.rendering.formats import write_tables
from analysis.rendering.terminal import FILE_WIDTH, print_table


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; with ``--out``, write them and the figure."""
    options = TruthOptions.parse(argv)
    runs = options.selection()
    values = samples(runs.store, runs.frames)
    made = tables(runs.frames)
    console = Console(width=None if sys.stdout.isatty() else FILE_WIDTH)
    for table in made:
        print_table(table, console)
    if note := left_out_note(runs):
        console.print(note, style="yellow", markup=False)
    if options.out is not None:
        with style():
            figure = distributions(values)
        with options.output() as out:
            written = write_tables([replace(t, name=f"truth_{t.name}") for t in made], out)
            for path in [*written, *save({"truth": figure}, out)]:
                print(path)
    return 0
