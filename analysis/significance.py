"""Signals compared by statistical tests: ``python -m analysis.significance --experiment NAME``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":  # import from the project, not from this folder, and tell why not
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from common.cli import run_command

    sys.exit(run_command("analysis.significance"))

import pandas as pd
from rich.console import Console

from analysis.options import RunOptions, check_names
from analysis.paper.sentences import comparison
from analysis.reading.selection import left_out_note
from analysis.rendering.text import glitch_name
from analysis.stats.comparison import DEFAULT_BLOCKS, by_glitch, in_blocks
from common.cli import option, parse
from experiments import schema


@dataclass(frozen=True)
class TestOptions(RunOptions):
    """What is compared."""

    metric: str = option(f"one of {', '.join(schema.DETECTION_METRICS)}", schema.F1)
    blocks: str = option(
        "what makes a block; leave out seed to average over seeds first", ",".join(DEFAULT_BLOCKS)
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print the results; with ``--out``, write all pairs as CSV."""
    options = parse(TestOptions, "significance", "Signals compared by statistical tests.", argv)
    check_names("metric", [options.metric], schema.DETECTION_METRICS)
    by = check_names("group", options.blocks.split(","), DEFAULT_BLOCKS)
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
