"""Tables from the runs in MLflow: ``python analysis/tables.py --experiment NAME --out DIR``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":  # import from the project, not from this folder, and tell why not
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from analysis.options import TableOptions
    from common.cli import run_command

    sys.exit(run_command("analysis.tables", TableOptions.parse))

from rich.console import Console

from analysis.choices import GROUPS, TABLE_FORMATS, TABLES
from analysis.options import TERMINAL, TableOptions, check_names
from analysis.paper.tables import all_tables
from analysis.reading.selection import left_out_note
from analysis.rendering.formats import FORMATS, write_tables
from analysis.rendering.terminal import BEST_MARK, FILE_WIDTH, print_table
from analysis.stats.view import View


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; with ``--out``, write them."""
    options = TableOptions.parse(argv)
    check_names("format", [options.format], (TERMINAL, *TABLE_FORMATS))
    wanted = check_names("table", options.table or TABLES, TABLES)
    by = check_names("group", options.by.split(","), GROUPS)

    runs = options.selection()
    view = View(options.metric, options.chosen_signals(runs.frames), by)
    tables = all_tables(runs.frames, view, wanted)
    if options.out:
        style = "csv" if options.format == TERMINAL else options.format
        with options.output() as out:
            write_tables(tables, out, style)
    if options.format == TERMINAL:
        console = Console(width=None if sys.stdout.isatty() else FILE_WIDTH)
        console.print(f"{runs.title}: {len(runs.frames.trials)} trials", style="bold", markup=False)
        console.print(f"{BEST_MARK} marks the best of a row.\n", style="dim", markup=False)
        for table in tables:
            print_table(table, console)
        if note := left_out_note(runs):
            console.print(note, style="yellow", markup=False)
    elif not options.out:
        print("\n".join(FORMATS[options.format][1](table) for table in tables))
    return 0
