"""Tables from the runs in MLflow: ``python analysis/tables.py --experiment NAME --out DIR``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

if not __package__:  # run as a file: import from the project, not from this folder
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from rich.console import Console

from analysis.options import RunOptions, check_names
from analysis.paper.layouts import LAYOUTS, METRIC_TITLES, Layout, all_tables
from analysis.reading.selection import Selection, left_out_note
from analysis.rendering.formats import FORMATS
from analysis.rendering.table import Table
from analysis.rendering.terminal import BEST_MARK, print_table
from analysis.stats.summary import CELL, GROUPS
from common.cli import option, parse, run
from experiments import schema

TERMINAL = "terminal"
FILE_WIDTH = 120


@dataclass(frozen=True)
class TableOptions(RunOptions):
    """Which tables, and in which form."""

    metric: str = option(f"one of {', '.join(METRIC_TITLES)}", schema.F1)
    by: str = option(f"rows of the first table, of {', '.join(GROUPS)}", ",".join(CELL))
    table: tuple[str, ...] = option(f"only these: {', '.join(LAYOUTS)}", ())
    format: str = option(f"one of {', '.join((TERMINAL, *FORMATS))}", TERMINAL)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables and, with ``--out``, write them."""
    options = parse(TableOptions, "tables", "Tables from the runs in MLflow.", argv)
    check_names("metric", [options.metric], METRIC_TITLES)
    check_names("format", [options.format], (TERMINAL, *FORMATS))
    wanted = check_names("table", options.table or LAYOUTS, LAYOUTS)
    by = check_names("group", options.by.split(","), GROUPS)

    runs = options.selection()
    layout = Layout(options.metric, options.chosen_signals(runs.frames), by)
    tables = all_tables(runs.frames, layout, wanted)
    if options.out:
        write(tables, options.folder(), options.format)
    if options.format == TERMINAL:
        width = None if sys.stdout.isatty() else FILE_WIDTH
        print_all(tables, runs, Console(width=width))
    elif not options.out:
        print("\n".join(FORMATS[options.format][1](table) for table in tables))
    return 0


def print_all(tables: Sequence[Table], runs: Selection, console: Console) -> None:
    """Print tables that fit the window, with what was read and what is not counted."""
    console.print(f"{runs.title}: {len(runs.frames.trials)} trials", style="bold", markup=False)
    console.print(f"{BEST_MARK} marks the best of a row.\n", style="dim", markup=False)
    for table in tables:
        print_table(table, console)
    if note := left_out_note(runs.frames):
        console.print(note, style="yellow", markup=False)


def write(tables: Sequence[Table], out: Path, style: str = TERMINAL) -> list[Path]:
    """Write each table as CSV and, where it is another one, in the format asked for."""
    written = []
    for table in tables:
        for suffix, render in dict([FORMATS["csv"], FORMATS.get(style, FORMATS["csv"])]).items():
            path = out / f"{table.name}.{suffix}"
            path.write_text(render(table), encoding="utf-8")
            written.append(path)
    return written


if __name__ == "__main__":
    sys.exit(run(main))
