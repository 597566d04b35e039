"""The cache of frozen features, cold and warm.

    python benchmarks/feature_cache.py --threads 1

writes docs/benchmarks/feature_cache.md. Weights and images are random, since times do not depend
on them. Takes about two minutes.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import timm
import torch
from engine_report import machine, write_table
from safetensors.torch import save_file

from models.backbone import FrozenBackbone
from models.convnext_tiny import NAME as CONVNEXT
from models.feature_cache import FeatureCache
from models.images import ImagePreprocessing
from models.resnet20 import FrozenPart, ResNet20
from models.timm_backbones import TimmTrunk

TRAIN_SHARE = 0.8


@dataclass(frozen=True)
class Cell:
    """A backbone, and number and shape of its images."""

    name: str
    frozen: Callable[[Path], FrozenBackbone]
    n: int
    shape: tuple[int, ...]


def resnet20(_: Path) -> FrozenBackbone:
    network = FrozenPart(ResNet20())
    return FrozenBackbone("random", lambda: network, ImagePreprocessing((32, 32)))


def convnext_tiny(directory: Path) -> FrozenBackbone:
    weights = directory / "random.safetensors"
    save_file(timm.create_model(CONVNEXT, pretrained=False).state_dict(), weights)
    trunk = TimmTrunk(CONVNEXT, weights)
    preprocessing = ImagePreprocessing((224, 224), interpolation="bicubic")
    return FrozenBackbone("random", lambda: trunk, preprocessing, grid=2, batch_size=32)


CELLS = [
    Cell("ResNet-20, MNIST: up to the last block", resnet20, 2_000, (28, 28, 1)),
    Cell("ConvNeXt-Tiny, CIFAR-10: up to the classifier", convnext_tiny, 64, (32, 32, 3)),
]


def features(cache: Path, frozen: FrozenBackbone, pool: np.ndarray, *, stages: bool) -> None:
    """The requests of a trial: its training set and its validation set."""
    used = FeatureCache(cache)
    split = int(TRAIN_SHARE * len(pool))
    for part in (pool[:split], pool[split:]):
        used.outputs(frozen, part, pool).features()
        if stages:
            used.outputs(frozen, part, pool).stages()


def timed(task: Callable[[], object]) -> float:
    started = perf_counter()
    task()
    return perf_counter() - started


def measure(cell: Cell, repeats: int) -> dict[str, list[float]]:
    """Seconds of each task over rounds that run every task once, and the entry size in MiB."""
    pool = np.random.default_rng(0).integers(0, 256, (cell.n, *cell.shape), dtype=np.uint8)
    found: dict[str, list[float]] = {}
    with TemporaryDirectory() as scratch:
        frozen = cell.frozen(Path(scratch))
        frozen(pool[:8])
        for turn in range(repeats):
            cache = Path(scratch) / str(turn)
            tasks: dict[str, Callable[[], object]] = {
                "direct": partial(frozen, pool),
                "cold": partial(features, cache, frozen, pool, stages=False),
                "warm": partial(features, cache, frozen, pool, stages=False),
                "warm_stages": partial(features, cache, frozen, pool, stages=True),
            }
            for name, task in tasks.items():
                found.setdefault(name, []).append(timed(task))
            (entry,) = cache.glob("*.safetensors")
            found["mib"] = [entry.stat().st_size / 2**20]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows = []
    for cell in CELLS:
        medians = {k: statistics.median(v) for k, v in measure(cell, arguments.repeats).items()}
        rows.append(
            (
                cell.name,
                f"{cell.n:,}",
                f"{medians['direct']:.2f}",
                f"{medians['cold']:.2f}",
                f"{medians['warm']:.3f}",
                f"{medians['warm_stages']:.3f}",
                f"**{medians['cold'] / medians['warm']:,.0f}**",
                f"{medians['mib']:.0f}",
            )
        )
    write_table(
        "feature_cache",
        "Frozen features, cold and warm",
        "Seconds until a trial has the frozen features of its training and validation samples: "
        "without a cache, with an empty cache (features and stages are computed and stored), and "
        f"with a filled cache. Medians of {arguments.repeats} rounds, wall time. "
        f"{machine(arguments.threads)}.\n\n`python benchmarks/feature_cache.py`",
        (
            "backbone",
            "images",
            "no cache",
            "cold",
            "warm",
            "warm, with stages",
            "cold / warm",
            "entry, MiB",
        ),
        rows,
    )


if __name__ == "__main__":
    main()
