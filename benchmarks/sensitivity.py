"""How much the ten most influential settings of the diagnosis matter.

    python benchmarks/sensitivity.py --data-root DIR

changes one setting at a time to the two ends of a wide range and prints, as a Markdown table, the
F1 of the diagnosis at its own threshold: 1,440 MNIST images with 15 % glitches, ResNet-20, mean of
two seeds. Needs MNIST and the weights of ResNet-20 in DIR. About six minutes of one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from experiments.training.context import TrialContext
from experiments.training.prepare import prepare
from experiments.trial.inject import inject
from experiments.trial.load import load_dataset
from experiments.trial.resolve import resolve
from experiments.trial.split import draw_subset, split
from influence.diagnosis.base import Diagnosis
from influence.diagnosis.config import DEFAULT, DiagnosisConfig
from influence.diagnosis.diagnose import diagnose
from influence.diagnosis.without_reference import diagnose_without_reference
from influence.estimators.exact import exact_profile
from influence.evidence import Evidence

SEEDS = (0, 1)
SUBSET = 0.03
RATIO = 0.15
COMMON_PARTS = ("inputs", "classifiers", "noise", "decision")


@dataclass(frozen=True)
class Cell:
    """A column of the table.

    Attributes:
        glitch: of the training set.
        diagnose: the diagnosis.
        parts: of the configuration that it reads.
    """

    glitch: str
    diagnose: Callable[[Evidence, DiagnosisConfig], Diagnosis]
    parts: tuple[str, ...]


WITH_REFERENCE = (*COMMON_PARTS, "two_sample", "novelty", "label_errors", "foreign", "rare")
WITHOUT_REFERENCE = (*COMMON_PARTS, "without_reference")
CELLS = {
    "three kinds": Cell(
        "uniform_noise+far_clustered_anomalies+stripe_outliers", diagnose, WITH_REFERENCE
    ),
    "uniform noise, no reference": Cell(
        "uniform_noise", diagnose_without_reference, WITHOUT_REFERENCE
    ),
    "flagged in a clean set": Cell("none", diagnose, WITH_REFERENCE),
}


@dataclass(frozen=True)
class Variation:
    """One setting at the two ends of a range.

    Attributes:
        part: of the configuration.
        name: of the setting.
        values: the low and the high end.
    """

    part: str
    name: str
    values: tuple[Any, Any]

    @property
    def default(self) -> Any:
        """Its default value."""
        return getattr(getattr(DEFAULT, self.part), self.name)

    def configs(self) -> Iterator[tuple[Any, DiagnosisConfig]]:
        """Each value, and the default configuration with it."""
        for value in self.values:
            part = replace(getattr(DEFAULT, self.part), **{self.name: value})
            yield value, replace(DEFAULT, **{self.part: part})


VARIATIONS = (
    Variation("inputs", "label_components", (64, 512)),
    Variation("two_sample", "ordinary", (0.5, 0.8)),
    Variation("two_sample", "max_log_slope", (0.35, 1.4)),
    Variation("novelty", "significance", ((1e-4, 1e-3, 1e-3, 1e-3), (1e-2, 1e-1, 1e-1, 1e-1))),
    Variation("novelty", "refits", (0, 6)),
    Variation("novelty", "refit_inverse_penalties", ((1e-2, 1e-3, 1e-3), (1.0, 1e-1, 1e-1))),
    Variation("classifiers", "inverse_penalty", (0.1, 10.0)),
    Variation("noise", "improbable", ((0.05, 0.015, 0.005), (0.2, 0.06, 0.02))),
    Variation("without_reference", "uniform_shape", (4.0, 16.0)),
    Variation("decision", "min_probability", (0.1, 0.5)),
)


@dataclass(frozen=True)
class TrainingSet:
    """What one training leaves, and which of its samples are glitches, (n,)."""

    evidence: Evidence
    is_glitch: NDArray[np.bool_]


def main() -> None:
    """Train, diagnose with every configuration, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", type=Path, required=True)
    context = TrialContext(data_root=parser.parse_args().data_root)
    sets = {
        name: [training_set(cell.glitch, seed, context) for seed in SEEDS]
        for name, cell in CELLS.items()
    }
    print("| setting | value |", " | ".join(CELLS), "|")
    print("| --- | ---: |", " | ".join("---:" for _ in CELLS), "|")
    defaults = {name: shown_quality(cell, sets[name], DEFAULT) for name, cell in CELLS.items()}
    print("| all at their defaults | |", " | ".join(defaults.values()), "|", flush=True)
    for variation in VARIATIONS:
        for value, config in variation.configs():
            cells = [
                shown_quality(cell, sets[name], config)
                if variation.part in cell.parts
                else defaults[name]
                for name, cell in CELLS.items()
            ]
            name = f"`{variation.part}.{variation.name}` ({shown(variation.default)})"
            print(f"| {name} | {shown(value)} |", " | ".join(cells), "|", flush=True)


def training_set(glitch: str, seed: int, context: TrialContext) -> TrainingSet:
    """The training set of a trial, trained."""
    request = {"dataset": "mnist", "model": "resnet20", "glitch": glitch, "seed": seed}
    spec = resolve(request | {"subset": SUBSET, "ratio": RATIO}, context.data_root)
    pool = draw_subset(load_dataset(spec, context), spec.subset, seed)
    clean, reference = split(pool, seed)
    train = inject(spec, context, clean, pool)
    prepared = prepare(spec, context, train.data, reference, pool)
    record = prepared.fit()
    profile = exact_profile(record.trace)
    return TrainingSet(prepared.evidence(profile, record.trace), train.is_glitch)


def shown_quality(cell: Cell, sets: Sequence[TrainingSet], config: DiagnosisConfig) -> str:
    """Mean F1 of the flags over training sets; of clean ones, the mean number of flags."""
    found = [cell.diagnose(one.evidence, config).flagged for one in sets]
    if cell.glitch == "none":
        return f"{np.mean([flagged.sum() for flagged in found]):.1f}"
    f1 = [
        f1_score(one.is_glitch, flagged, zero_division=0.0)
        for one, flagged in zip(sets, found, strict=True)
    ]
    return f"{np.mean(f1):.3f}".lstrip("0")


def shown(value: Any) -> str:
    """A value, or the values of a tuple, in short."""
    values = value if isinstance(value, tuple) else (value,)
    return ", ".join(f"{v:.3g}" for v in values)


if __name__ == "__main__":
    main()
