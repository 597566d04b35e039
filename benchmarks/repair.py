"""How much of the accuracy that injected glitches cost a repair recovers.

    python benchmarks/repair.py

injects glitches into the subset that a trial draws from each dataset, audits it with the clean
validation samples of the trial, applies the decisions that the audit proposes, and trains on the
dirty set, the repaired set, a set with the same number of random decisions, and the clean set.
Accuracy is measured on images that neither the trial nor the audit used (CIFAR-10: test images).
Needs a data root (INFLUENCE_DATA_ROOT) with MNIST, Fashion-MNIST, cifar10_part.npz and the
ResNet-20 weights.

Each finished trial is appended to --results and not repeated; --report writes
docs/benchmarks/repair.md from them. Takes about an hour on one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray
from repair_report import report

from common.dataset import Dataset
from common.seeds import generator
from experiments.audit.aggregate import aggregate
from experiments.audit.fold import Fold, FoldResult, run_fold
from experiments.audit.input.data import AuditData
from experiments.audit.model_choice import ModelChoice
from experiments.audit.output.suspicions import diagnosis_table
from experiments.datasets.lookup import source_for
from experiments.datasets.user.arrays import ArrayFile
from experiments.repair.decisions import Decisions, propose, validated
from experiments.repair.gain import gain
from experiments.training.context import TrialContext
from experiments.training.prepare import embed
from experiments.training.settings import settings_for
from experiments.trial.inject import inject
from experiments.trial.load import data_options, load_dataset, load_donors
from experiments.trial.resolve import resolve
from experiments.trial.spec import TrialSpec
from experiments.trial.split import draw_subset, split
from glitches.contaminated import CLEAN, NO_TRUE_LABEL, Contaminated
from influence.diagnosis.diagnose import diagnose
from influence.estimators.exact import exact_profile
from influence.evidence import Evidence
from influence.features import last_layer_features
from influence.signals import SIGNALS
from influence.signals.classifiers import cross_fitted_probabilities
from influence.signals.cnci import cnci_repair

MIXTURE = (
    "uniform_noise:0.04+far_clustered_anomalies:0.04+stripe_outliers:0.03+brightness_outliers:0.03"
)
GLITCHES = (
    ("uniform_noise", 0.2),
    ("class_dependent_noise", 0.2),
    (MIXTURE, 0.14),
    ("uniform_noise", 0.1),
    ("class_dependent_noise", 0.1),
)
DATASETS: dict[str, dict[str, object]] = {
    "mnist": {},
    "fashion_mnist": {},
    "cifar10_part.npz": {
        "subset": 0.25,
        "pretrained": True,
        "keep_classifier": True,
        "learning_rate": 0.01,
    },
}
AUDITED_WITH = "resnet20"
MODELS = (AUDITED_WITH, "small_convnet")
"""Trained on the sets: one pretrained on images, one from scratch."""
FRESH = 4_000
"""Number of samples on which accuracy is measured."""

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Case:
    """A dirty set, clean samples for its audit, and fresh samples to measure accuracy on."""

    spec: TrialSpec
    train: Contaminated
    validation: Dataset
    fresh: Dataset
    pool: Dataset


def main() -> None:
    """Run the trials that --results lacks, or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("build/repair.csv"))
    parser.add_argument("--datasets", nargs="+", choices=DATASETS, default=list(DATASETS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    if options.report:
        report(pd.read_csv(options.results))
        return
    done = pd.read_csv(options.results) if options.results.exists() else pd.DataFrame()
    finished = set() if done.empty else set(zip(done["trial"], done["model"], strict=True))
    options.results.parent.mkdir(parents=True, exist_ok=True)
    context = TrialContext.from_environment()
    for spec in specs(options.datasets, options.seeds, context.data_root):
        models = [name for name in options.models if (spec.name, name) not in finished]
        if models:
            found = pd.DataFrame(measured(spec, models, context))
            print(found.to_string(index=False, float_format="{:.3f}".format), flush=True)
            done = pd.concat([done, found], ignore_index=True)
            done.to_csv(options.results, index=False)


def specs(datasets: list[str], seeds: list[int], root: Path | None) -> Iterator[TrialSpec]:
    """The trials, one glitch after the other."""
    for (glitch, ratio), seed, dataset in product(GLITCHES, seeds, datasets):
        chosen = {"dataset": dataset, "model": AUDITED_WITH, "glitch": glitch, "ratio": ratio}
        foreign = {"foreign": "fashion_mnist"} if glitch == MIXTURE and "." in dataset else {}
        yield resolve(chosen | {"seed": seed} | DATASETS[dataset] | foreign, root)


def measured(
    spec: TrialSpec, models: list[str], context: TrialContext
) -> Iterator[dict[str, object]]:
    """One row for each model trained on the sets."""
    case = drawn(spec, context)
    train = case.train.data
    choice = ModelChoice(spec.model, spec.settings, spec.seed)
    parts = embed(choice, context, train, case.validation)
    fold = Fold.whole(parts[0], parts[1])
    result = run_fold(fold, choice, context, diagnose)
    table = diagnosis_table(train, aggregate([result], len(train), train.n_classes))
    decisions = validated(propose(table), train, spec.name)
    labels = label_repair(case, result, decisions)
    for name in models:
        settings = choice.settings if name == spec.model else settings_for(name, spec.dataset)
        trained = ModelChoice(name, settings, spec.seed)
        data = AuditData(train, case.fresh)
        found = gain(data, decisions, truth(case.train), trained, context, [spec.seed])
        yield {
            "trial": spec.name,
            "dataset": spec.dataset,
            "glitch": "mixture" if "+" in spec.glitch else spec.glitch,
            "ratio": spec.ratio,
            "seed": spec.seed,
            "model": name,
            **{str(name): value for name, value in found.accuracy.iloc[0].items()},
            **labels,
        }


def drawn(spec: TrialSpec, context: TrialContext) -> Case:
    """The subset that a trial draws, and fresh samples."""
    whole = load_dataset(spec, context)
    pool = draw_subset(whole, spec.subset, spec.seed)
    clean, validation = split(pool, spec.seed)
    train = inject(spec, context, clean, pool)
    if spec.keep_classifier:  # its weights were trained on all training images
        source = source_for(spec.dataset, context.data_root)
        assert isinstance(source, ArrayFile)  # noqa: S101  # cifar10_part.npz
        tested = replace(source, samples="x_test")
        rest = tested.load(data_options(spec, context))
    else:
        spare = load_donors(spec, context, pool).spare
        assert spare is not None  # noqa: S101  # every dataset of this benchmark has more samples
        rest = spare()
    rows = generator(spec.seed, "fresh").choice(len(rest), FRESH, replace=False)
    return Case(spec, train, validation, rest.take(rows), pool)


def truth(train: Contaminated) -> Decisions:
    """The correct decisions: restore true labels, remove everything else that was injected."""
    noisy = wrong_labels(train)
    other = train.is_glitch & ~noisy
    rows = np.flatnonzero(noisy)
    return Decisions(rows, train.true_label[rows], np.flatnonzero(other))


def wrong_labels(train: Contaminated) -> NDArray[np.bool_]:
    """Samples whose label was changed, (n,)."""
    noise = np.array(["noise" in name and name != CLEAN for name in train.glitch])
    known = train.true_label != NO_TRUE_LABEL
    return np.asarray(noise & known & (train.true_label != train.data.y))


def label_repair(case: Case, result: FoldResult, decisions: Decisions) -> dict[str, float]:
    """For each repair, the share of wrong labels whose true label it names, the share to which it
    assigns the true label, and the share of right labels that it changes.

    CNCI has no threshold, so it is given the number of wrong labels.
    """
    train = case.train
    evidence = result.prepared.evidence(exact_profile(result.trace).as_stored(), result.trace)
    wrong = wrong_labels(train)
    cnci = np.zeros(len(train), dtype=bool)
    cnci[np.argsort(-SIGNALS["cnci"](evidence), kind="stable")[: wrong.sum()]] = True
    issues, likely = cleanlab_repair(evidence)
    fused = np.zeros(len(train), dtype=bool)
    fused[decisions.relabelled] = True
    right = ~wrong & (train.true_label == train.data.y)
    found: dict[str, float] = {}
    for name, changed, label in (
        ("fused", fused, result.diagnosis.expected_label),
        ("CNCI", cnci, cnci_repair(evidence)),
        ("cleanlab", issues, likely),
    ):
        true = label == train.true_label
        found[f"{name} named"] = float(true[wrong].mean())
        found[f"{name} given"] = float((true & changed)[wrong].mean())
        found[f"{name} spoilt"] = float((changed & (label != train.data.y))[right].mean())
    return found


def cleanlab_repair(evidence: Evidence) -> tuple[NDArray[np.bool_], Labels]:
    """The label issues that cleanlab finds, and the most probable labels, from out-of-fold logistic
    regressions on the inputs of the last layer."""
    features = last_layer_features(evidence)
    probabilities = cross_fitted_probabilities(
        features, evidence.n_classes, evidence.rng("confident_learning")
    )
    issues = find_label_issues(features.labels, probabilities, n_jobs=1)
    likely = features.restore(probabilities.argmax(axis=1))
    return features.restore(issues).astype(bool), likely.astype(np.int64)


if __name__ == "__main__":
    main()
