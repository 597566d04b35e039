"""Tables from the runs in MLflow: ``python analysis/tables.py --experiment NAME --out DIR``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:  # run as a file: import from the project, not from this folder
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from rich.console import Console

from analysis.formats import BEST_MARK, FORMATS, print_table
from analysis.layouts import LAYOUTS, METRIC_TITLES, Options, all_tables
from analysis.options import chosen_signals, finish, folder, parser, selection
from analysis.selection import Selection, left_out_note
from analysis.summary import GROUPS, check_groups
from analysis.table import Table
from common.errors import unknown_name

TERMINAL = "terminal"
FILE_WIDTH = 120


def main(argv: Sequence[str] | None = None) -> None:
    """Print the tables and, with ``--out``, write them."""
    options = parser("Tables from the runs in MLflow.")
    options.add_argument("--metric", default="f1", choices=METRIC_TITLES)
    options.add_argument("--by", help=f"rows of the first table, of {', '.join(GROUPS)}")
    options.add_argument("--table", action="append", help=f"only these: {', '.join(LAYOUTS)}")
    options.add_argument("--format", default=TERMINAL, choices=(TERMINAL, *FORMATS))
    args = options.parse_args(argv)
    wanted = args.table or list(LAYOUTS)
    for name in wanted:
        if name not in LAYOUTS:
            raise unknown_name("table", name, LAYOUTS)
    by = check_groups(args.by.split(",")) if args.by else Options.by

    runs = selection(args)
    signals = chosen_signals(args.signals, runs.frames)
    tables = all_tables(runs.frames, Options(args.metric, signals, by))
    tables = [table for table in tables if table.name in wanted]
    if args.out:
        write(tables, folder(args.out), args.format)
    if args.format == TERMINAL:
        print_all(tables, runs, Console(width=None if sys.stdout.isatty() else FILE_WIDTH))
    elif not args.out:
        print("\n".join(FORMATS[args.format][1](table) for table in tables))


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
    sys.exit(finish(main))
