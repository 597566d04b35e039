"""Choosing learning rate and batch size by accuracy on clean validation data.

    python -m experiments.tune --dataset covertype --model mlp --data-root DIR

trains each candidate on clean training sets of seeds that no grid uses, prints the validation
accuracy after the last epoch, best first, and keeps every run in a CSV file, so that nothing is
trained twice. What was chosen is written down in ``experiments/training/settings.py``.

    python -m experiments.tune --best

prints the best candidate of every pair in that file as a Markdown table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd
import torch

from common.errors import UserError
from experiments.training.context import TrialContext, default_data_root
from experiments.training.prepare import prepare
from experiments.trial.load import load_dataset
from experiments.trial.spec import TrialSpec
from experiments.trial.split import draw_subset, split

LEARNING_RATES = (0.01, 0.03, 0.1, 0.3)
BATCH_SIZES = (32, 128)
SEEDS = (100, 101)


@dataclass(frozen=True)
class Candidate:
    """One training: what may be chosen, and on what."""

    dataset: str
    model: str
    subset: float
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int

    def accuracy(self, context: TrialContext) -> float:
        """Validation accuracy after the last epoch; 0 where training diverges."""
        spec = TrialSpec(glitch="none", **asdict(self))
        pool = draw_subset(load_dataset(spec, context).data, spec.subset, spec.seed)
        train, validation = split(pool, spec.seed)
        prepared = prepare(spec, context, train, validation, pool)
        try:
            record = prepared.fit(spec, context)
        except UserError:
            return 0.0
        return float(record.trace.validation.correct[-1].mean())


def candidates(arguments: argparse.Namespace) -> Iterator[Candidate]:
    """All combinations that were asked for, defaults filled in."""
    for rate, size, seed in product(
        arguments.learning_rates, arguments.batch_sizes, arguments.seeds
    ):
        spec = TrialSpec(
            dataset=arguments.dataset,
            model=arguments.model,
            glitch="none",
            seed=seed,
            subset=arguments.subset,
            epochs=arguments.epochs,
            batch_size=size,
            learning_rate=rate,
        )
        yield Candidate(**{name: getattr(spec, name) for name in Candidate.__dataclass_fields__})


def run(wanted: Sequence[Candidate], context: TrialContext, store: Path) -> pd.DataFrame:
    """Train the candidates that the store lacks; all of the wanted ones, one row each."""
    keys = list(Candidate.__dataclass_fields__)
    rows: list[dict[Any, Any]] = pd.read_csv(store).to_dict("records") if store.exists() else []
    known = {tuple(row[key] for key in keys) for row in rows}
    for candidate in wanted:
        if tuple(asdict(candidate).values()) not in known:
            started = perf_counter()
            accuracy = candidate.accuracy(context)
            seconds = round(perf_counter() - started, 1)
            rows.append(asdict(candidate) | {"accuracy": round(accuracy, 5), "seconds": seconds})
            pd.DataFrame(rows).to_csv(store, index=False)
    found = pd.DataFrame(rows)
    return found.merge(pd.DataFrame([asdict(candidate) for candidate in wanted]), on=keys)


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation of the accuracy over seeds, in percent, best first."""
    groups = found.assign(accuracy=100 * found["accuracy"]).groupby(
        ["dataset", "model", "subset", "epochs", "batch_size", "learning_rate"], as_index=False
    )
    table = groups.agg(
        mean=("accuracy", "mean"), std=("accuracy", "std"), seconds=("seconds", "mean")
    )
    return table.sort_values("mean", ascending=False, ignore_index=True)


def best(found: pd.DataFrame) -> str:
    """The best candidate of each pair as a Markdown table, the accuracy of the worst beside it."""
    lines = [
        "| dataset | share | model | batch | η | accuracy, % | worst | candidates | seeds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (dataset, subset, model), runs in found.groupby(["dataset", "subset", "model"]):
        table = summary(runs)
        first, seeds = table.iloc[0], runs["seed"].nunique()
        spread = "" if pd.isna(first["std"]) else f" ± {first['std']:.1f}"
        lines.append(
            f"| {dataset} | {subset:g} | {model} | {first['batch_size']:g} | "
            f"{first['learning_rate']:g} | {first['mean']:.1f}{spread} | "
            f"{table['mean'].iloc[-1]:.1f} | {len(table)} | {seeds} |"
        )
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Formatter)
    parser.add_argument("--dataset")
    parser.add_argument("--model")
    parser.add_argument("--best", action="store_true", help="print what was found so far")
    parser.add_argument("--subset", type=float, help="share of the dataset (default: its own)")
    parser.add_argument("--epochs", type=int, help="(default: of experiments/training/settings.py)")
    parser.add_argument("--learning-rates", type=float, nargs="+", default=LEARNING_RATES)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=BATCH_SIZES)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--data-root", type=Path, default=default_data_root())
    parser.add_argument("--csv", type=Path, default=Path("docs/tuning.csv"))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args(argv)
    if arguments.best:
        print(best(pd.read_csv(arguments.csv)))
        return 0
    if arguments.dataset is None or arguments.model is None:
        parser.error("--dataset and --model are needed, or --best")
    torch.set_num_threads(arguments.threads)
    context = TrialContext(arguments.data_root, device=arguments.device, threads=arguments.threads)
    try:
        found = run(list(candidates(arguments)), context, arguments.csv)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    print(summary(found).round(2).to_string(index=False))
    return 0


class _Formatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    pass


if __name__ == "__main__":
    sys.exit(main())
