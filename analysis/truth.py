"""Influence against retraining: ``python analysis/truth.py --experiment NAME --out DIR``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

if not __package__:  # run as a file: import from the project, not from this folder
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from rich.console import Console

from analysis.options import RunOptions
from analysis.plotting.drawing import panels, save, style
from analysis.reading.frames import Frames
from analysis.reading.store import Store
from analysis.rendering.formats import FORMATS
from analysis.rendering.table import Table
from analysis.rendering.terminal import print_table
from analysis.rendering.text import words
from analysis.stats.summary import measured, summarise
from common.cli import parse, run
from common.errors import UserError
from experiments import schema

#: Measures that a trial with ``truth`` logs, by name, and what they are.
MEASURES: Final = {
    "lds": "linear datamodeling score",
    "loo_validation": "leaving one out: ranks of training samples, for a validation sample",
    "loo_train": "leaving one out: ranks of validation samples, for a training sample",
    "loo_marginal": "leaving one out: ranks of their effect on all of validation",
    "loo_self": "leaving one out: ranks of their effect on themselves",
}
BY_SAMPLE: Final = ("lds", "loo_validation", "loo_train")
KEYS: Final = ["dataset", "model", "glitch"]
_COLOURS: Final = ("#0072B2", "#56B4E9", "#D55E00", "#E69F00", "#009E73", "#CC79A7")
_LINES: Final = ("-", "--", "-.", ":")


def tables(frames: Frames) -> list[Table]:
    """One table a measure, estimators across."""
    made = []
    for measure, title in MEASURES.items():
        values = measured(frames, measure)
        if values.empty:
            continue
        estimators = list(dict.fromkeys(values["series"]))
        made.append(
            Table(
                measure,
                title[0].upper() + title[1:],
                "Rank correlation with what retraining shows; 1 is perfect.",
                KEYS,
                {name: words(name) for name in estimators},
                summarise(values, KEYS).rename(columns={"series": "column"}),
            )
        )
    return made


def samples(store: Store, frames: Frames) -> pd.DataFrame:
    """What the trials have stored, one row a sample: the keys, ``seed``, ``estimator``,
    ``measure`` and ``value``."""
    found = []
    for trial in frames.trials.to_dict("records"):
        path = store.artifact(trial["run_id"], schema.TRUTH_FILE)
        if path is not None:
            about = {key: trial[key] for key in (*KEYS, "seed")}
            found.append(pd.read_parquet(path).assign(**about))
    if not found:
        raise UserError(
            "no run here was compared with retraining; "
            "python -m experiments.grid --grid truth makes such runs"
        )
    return pd.concat(found, ignore_index=True)


def distributions(values: pd.DataFrame) -> Figure:
    """The share of samples with at most so much agreement: a row a cell, a column a measure."""
    cells = sorted(set(values[KEYS].itertuples(index=False, name=None)))
    estimators = list(dict.fromkeys(values["estimator"]))
    figure, axes = panels(len(cells), len(BY_SAMPLE), sharex="all")
    for line, cell in zip(axes, cells, strict=True):
        here = values[(values[KEYS] == list(cell)).all(axis=1)]
        for panel, measure in zip(line, BY_SAMPLE, strict=True):
            for number, name in enumerate(estimators):
                chosen = here["value"][(here["measure"] == measure) & (here["estimator"] == name)]
                panel.ecdf(
                    chosen.dropna(),
                    label=words(name) if panel is axes[0, 0] else None,
                    color=_COLOURS[number % len(_COLOURS)],
                    linestyle=_LINES[number % len(_LINES)],
                )
            panel.set_xlim(-1, 1)
        line[0].set_ylabel("\n".join(map(words, cell)))
    for top, bottom, measure in zip(axes[0], axes[-1], BY_SAMPLE, strict=True):
        top.set_title(measure)
        bottom.set_xlabel("rank correlation")
        bottom.set_xticks(np.linspace(-1, 1, 5))
    figure.legend(loc="outside upper center", ncols=len(estimators))
    return figure


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; write them and the figure into ``--out``."""
    options = parse(RunOptions, "truth", "Influence against retraining.", argv)
    runs = options.selection()
    values = samples(runs.store, runs.frames)
    console = Console(width=None if sys.stdout.isatty() else 120)
    made = tables(runs.frames)
    for table in made:
        print_table(table, console)
    if options.out is not None:
        out = options.folder()
        for path in [*_written(made, out), *_drawn(values, out)]:
            print(path)
    return 0


def _written(made: Iterable[Table], out: Path) -> list[Path]:
    suffix, render = FORMATS["csv"]
    written = []
    for table in made:
        path = out / f"truth_{table.name}.{suffix}"
        path.write_text(render(table), encoding="utf-8")
        written.append(path)
    return written


def _drawn(values: pd.DataFrame, out: Path) -> list[Path]:
    with style():
        return save({"truth": distributions(values)}, out)


if __name__ == "__main__":
    sys.exit(run(main))
