"""An estimate of how long the grid ``paper`` takes on 16 cores, from measured parts of its trials.

    python benchmarks/whole_paper.py

writes docs/benchmarks/whole_paper.md. Takes about ten minutes. With INFLUENCE_DATA_ROOT, a few
whole trials are run too, to check the sum of their parts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import torch
from engine_cells import Cell, synthetic_trace
from engine_report import machine, write_table
from torch import nn

from experiments.grid.definition import load_grid
from experiments.training.context import TrialContext
from experiments.trial.resolve import resolve
from experiments.trial.run import run_trial
from experiments.trial.spec import TrialSpec
from influence.estimators.exact import exact_profile
from models import MODELS
from models.base import BuildContext, Network, TrainingSettings
from models.resnet20 import ResNet20
from models.training import LabelledInputs, fit

CORES = 16
FEATURES = 768
PAIRS = 4_000_000
OVERHEAD = 0.4
"""Seconds per trial for Ray, MLflow and artifacts (benchmarks/orchestration.py)."""


@dataclass(frozen=True)
class Data:
    """Rows, classes and, for a table, columns of a whole dataset."""

    rows: int
    classes: int
    columns: int = 0


DATA = {
    "mnist": Data(60_000, 10),
    "fashion_mnist": Data(60_000, 10),
    "cifar10": Data(50_000, 10),
    "jannis": Data(83_733, 4, 54),
    "covertype": Data(581_012, 7, 54),
    "epsilon": Data(500_000, 2, 2_000),
}
CHECKED = (
    resolve({"dataset": "mnist", "model": "resnet20", "glitch": "uniform_noise"}, None),
    resolve(
        {"dataset": "covertype", "model": "mlp", "glitch": "uniform_noise", "subset": 0.02}, None
    ),
    resolve(
        {
            "dataset": "covertype",
            "model": "ft_transformer",
            "glitch": "uniform_noise",
            "subset": 0.001,
        },
        None,
    ),
)


def last_block(classes: int) -> tuple[Network, tuple[int, ...]]:
    resnet = ResNet20()
    body = nn.Sequential(resnet.layer3[-1], resnet.pool)
    return Network(body, nn.Linear(64, classes)), (64, 8, 8)


def classifier(classes: int) -> tuple[Network, tuple[int, ...]]:
    return Network(nn.Identity(), nn.Linear(FEATURES, classes)), (FEATURES,)


IMAGES: dict[str, Callable[[int], tuple[Network, tuple[int, ...]]]] = {
    "resnet20": last_block,
    "convnext_tiny": classifier,
    "vit_b16": classifier,
}


def trained_part(model: str, data: Data) -> tuple[Network, tuple[int, ...]]:
    """The network trained on cached features, and the shape of its inputs."""
    torch.manual_seed(0)
    if model in IMAGES:
        return IMAGES[model](data.classes)
    context = BuildContext((data.columns,), data.classes, pretrained=False)
    return MODELS[model].build(context).network, (data.columns,)


@cache
def training_seconds(model: str, data: Data, batch_size: int) -> float:
    """Processor seconds of an epoch with its trace, per training sample; a quarter as many
    validation samples are evaluated."""
    network, shape = trained_part(model, data)
    n = batch_size * (1 if data.columns > 1_000 and model == "ft_transformer" else 4)
    x, x_validation = torch.randn(n, *shape), torch.randn(n // 4, *shape)
    y, y_validation = (torch.arange(len(part)).numpy() % data.classes for part in (x, x_validation))
    settings = TrainingSettings(1, batch_size, 1e-4)
    seconds = []
    for _ in range(2):  # the first one warms up
        began = time.process_time()
        validation = LabelledInputs(x_validation, y_validation)
        fit(network, LabelledInputs(x, y), validation, settings, seed=0)
        seconds.append(time.process_time() - began)
    return seconds[-1] / n


@cache
def influence_seconds(d: int, classes: int, epochs: int, constant: bool) -> float:
    """Processor seconds of the profiles, per pair of samples."""
    m = 1_000
    trace = synthetic_trace(Cell(PAIRS // m, m, d, classes, epochs, constant))
    exact_profile(trace)
    began = time.process_time()
    exact_profile(trace)
    return (time.process_time() - began) / PAIRS


def parts(spec: TrialSpec) -> tuple[int, int, float, float]:
    """n, m, and processor seconds of training and of influence."""
    data = DATA[spec.dataset]
    pool = round(spec.subset * data.rows)
    n, m = round(0.8 * pool), round(0.2 * pool)
    epochs = spec.settings.epochs
    each = training_seconds(spec.model, data, spec.settings.batch_size)
    network, _ = trained_part(spec.model, data)
    constant = not network.body.state_dict()
    pair = influence_seconds(network.head.in_features, data.classes, epochs, constant)
    return n, m, each * n * epochs, pair * n * m


def checked() -> str:
    """Whole trials compared with the sum of their parts, as a sentence."""
    if TrialContext.from_environment().data_root is None:
        return "No whole trial was run for comparison."
    found = []
    for spec in CHECKED:
        run_trial(replace(spec, epochs=1), TrialContext.from_environment())  # fills caches
        began = time.process_time()
        run_trial(spec, TrialContext.from_environment())
        whole = time.process_time() - began
        _, _, training, influence = parts(spec)
        found.append(
            f"{spec.dataset} with {spec.model} at {100 * spec.subset:g} % takes {whole:.1f} s,"
            f" its parts {training + influence:.1f} s"
        )
    return "Whole trials compared with the sum of their parts: " + "; ".join(found) + "."


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    torch.set_num_threads(1)
    kinds: dict[tuple[str, str], list[TrialSpec]] = {}
    for spec in load_grid("paper", None).specs:
        kinds.setdefault((spec.dataset, spec.model), []).append(spec)
    rows, hours = [], {}
    for (dataset, model), specs in kinds.items():
        n, m, training, influence = parts(specs[0])
        total = len(specs) * (training + influence + OVERHEAD) / 3600
        hours[dataset, model] = total
        size = f"{n:,} × {m:,}"
        values = f"{training:,.1f}", f"{influence:,.1f}", f"{total:,.2f}", f"{total / CORES:,.2f}"
        rows.append([dataset, model, str(len(specs)), size, *values])
    groups = {
        "images": [key for key in hours if key[1] in IMAGES],
        "tables, MLP and ResNet": [k for k in hours if k[1] in ("mlp", "tabular_resnet")],
        "tables, FT-Transformer": [k for k in hours if k[1] == "ft_transformer"],
        "the whole paper": list(hours),
    }
    for name, keys in groups.items():
        trials = str(sum(len(kinds[key]) for key in keys))
        total = sum(hours[key] for key in keys)
        rows.append(
            [
                f"**{name}**",
                "",
                trials,
                "",
                "",
                "",
                f"**{total:,.1f}**",
                f"**{total / CORES:,.2f}**",
            ]
        )
    slow = sum(hours[key] for key in groups["tables, FT-Transformer"])
    rest = (sum(hours.values()) - slow) / CORES
    write_table(
        "whole_paper",
        "The whole paper on 16 cores",
        "Processor seconds on one core for one trial of each dataset and model of the grid `paper`,"
        " with cached frozen features. Training with its trace is extrapolated from a few batches"
        " of the same shape, and influence from four million pairs with the same last-layer width,"
        f" classes and epochs, to the sizes of the paper; {OVERHEAD} s per trial are added for"
        " orchestration."
        f" {machine(1)}. {checked()} Repeat: `python benchmarks/whole_paper.py`.\n\n"
        f"All but FT-Transformer takes {rest:.2f} hours on {CORES} cores. FT-Transformer is trained"
        " from scratch with attention over the 54 or 2,000 columns of each sample; nearly all of"
        " its time is training, not influence. It takes less than an hour on a smaller share of"
        " its datasets, as in the grid `offline`.",
        [
            "dataset",
            "model",
            "trials",
            "n × m",
            "training, s",
            "influence, s",
            "core hours",
            f"hours on {CORES} cores",
        ],
        rows,
    )


if __name__ == "__main__":
    main()
