"""How much the ten most influential settings of the diagnosis matter.

    python benchmarks/sensitivity.py --data-root DIR

changes one setting at a time to the two ends of a wide range and prints, as a Markdown table, the
F1 of the diagnosis at its own threshold: 1,440 MNIST images, ResNet-20, mean of two seeds. Needs
MNIST and the weights of ResNet-20 in DIR. About ten minutes of one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
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
THREE_KINDS = "uniform_noise+far_clustered_anomalies+stripe_outliers"
CELLS = {
    "three kinds": (THREE_KINDS, diagnose),
    "uniform noise": ("uniform_noise", diagnose),
    "uniform noise, no reference": ("uniform_noise", diagnose_without_reference),
    "clean: flagged": ("none", diagnose),
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
        (glitch, seed): training_set(glitch, seed, context)
        for glitch in dict.fromkeys(glitch for glitch, _ in CELLS.values())
        for seed in SEEDS
    }
    print("| setting | value |", " | ".join(CELLS), "|")
    print("| --- | ---: |", " | ".join("---:" for _ in CELLS), "|")
    print_row("all at their defaults", "", sets, DEFAULT)
    for variation in VARIATIONS:
        for value, config in variation.configs():
            name = f"`{variation.part}.{variation.name}` ({shown(variation.default)})"
            print_row(name, shown(value), sets, config)


def training_set(glitch: str, seed: int, context: TrialContext) -> TrainingSet:
    """The training set of a trial, trained."""
    request = {"dataset": "mnist", "model": "resnet20", "glitch": glitch, "seed": seed}
    spec = resolve(request | {"subset": SUBSET}, context.data_root)
    pool = draw_subset(load_dataset(spec, context).data, spec.subset, seed)
    clean, reference = split(pool, seed)
    train = inject(spec, context, clean, pool)
    prepared = prepare(spec, context, train.data, reference, pool)
    record = prepared.fit(spec, context)
    profile = exact_profile(record.trace)
    return TrainingSet(prepared.evidence(profile, record.trace, seed), train.is_glitch)


def print_row(
    name: str, value: str, sets: dict[tuple[str, int], TrainingSet], config: DiagnosisConfig
) -> None:
    """One row of the table: the mean over seeds in each cell."""
    cells = []
    for glitch, how in CELLS.values():
        found = np.mean([quality(sets[glitch, seed], how, config) for seed in SEEDS])
        cells.append(f"{found:.0f}" if glitch == "none" else f"{found:.3f}".lstrip("0"))
    print(f"| {name} | {value} |", " | ".join(cells), "|", flush=True)


def quality(
    training: TrainingSet,
    how: Callable[[Evidence, DiagnosisConfig], Diagnosis],
    config: DiagnosisConfig,
) -> float:
    """F1 of the flags; in a clean set, how many there are."""
    flagged = how(training.evidence, config).flagged
    if not training.is_glitch.any():
        return float(flagged.sum())
    return float(f1_score(training.is_glitch, flagged, zero_division=0.0))


def shown(value: Any) -> str:
    """A value, or the values of a tuple, in short."""
    values = value if isinstance(value, tuple) else (value,)
    return ", ".join(f"{v:.3g}" for v in values)


if __name__ == "__main__":
    main()
