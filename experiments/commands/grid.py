"""``python -m experiments.grid``: run the trials of a grid that are not finished yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console

from common.cli import parse, run
from experiments.commands.grid_options import GridOptions

PROGRAM = "python -m experiments.grid"
DESCRIPTION = "Run the trials of a grid; finished trials are not run again."


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status: 0 if every trial is finished, 1 if not, 2 for bad input."""
    return run(lambda: _main(parse(GridOptions, PROGRAM, DESCRIPTION, argv)))


def _main(options: GridOptions) -> int:
    console = Console(highlight=False, soft_wrap=True)
    if options.grid is None:
        options = _with_grid(options, console)
    # here, because torch, Ray and MLflow take seconds to import: --help does not wait for them
    from experiments.commands.grid_run import run_grid  # noqa: PLC0415 - see above

    return run_grid(options, console)


def _with_grid(options: GridOptions, console: Console) -> GridOptions:
    """The options with the grid that suits this machine."""
    root = options.root()
    if root is None:
        name = "embedded"
        reason = "it needs no files; --data-root DIR runs 'offline' on the data in DIR"
    else:
        name = "offline"
        reason = f"trials whose files are in {root}; trials that lack files are skipped"
    console.print(f"no grid is named, so {name!r} runs: {reason}", markup=False)
    return replace(options, grid=name, missing=options.missing or "skip")
