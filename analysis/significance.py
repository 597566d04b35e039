"""Signals compared by statistical tests: ``python -m analysis.significance --experiment NAME``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":  # import from the project, not from this folder, and tell why not
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from analysis.options import TestOptions
    from common.cli import run_command

    sys.exit(run_command("analysis.significance", TestOptions.parse))

import pandas as pd
from rich.console import Console

from analysis.choices import BLOCKS
from analysis.options import TestOptions, check_names
from analysis.paper.sentences import comparison
from analysis.reading.selection import left_out_note
from analysis.rendering.text import glitch_name
from analysis.stats.comparison import by_glitch, in_blocks
from experiments import schema


def main(argv: Sequence[str] | None = None) -> int:
    """Print the results; with ``--out``, write all pairs as CSV."""
    options = TestOptions.parse(argv)
    check_names("metric", [options.metric], schema.DETECTION_METRICS)
    by = check_names("group", options.blocks.split(","), BLOCKS)
    runs = options.selection()
    blocks = in_blocks(runs.frames, options.metric, options.chosen_signals(runs.frames), by)
    console = Console(highlight=False, soft_wrap=True)
    every: list[pd.DataFrame] = []
    for title, part in by_glitch(blocks):
        sentences, pairs = comparison(part)
        every.append(pairs.assign(glitch=title))
        console.print(f"{glitch_name(title)}: {len(part)} blocks of {', '.join(by)}", style="bold")
        for sentence in sentences:
            console.print(f"  {sentence}", markup=False)
    if note := left_out_note(runs):
        console.print(note, markup=False, style="yellow")
    if options.out:
        with options.output() as out:
            pd.concat(every).to_csv(out / "pairs.csv", index=False)
    return 0
