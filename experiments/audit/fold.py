"""One fold of an audit: train a model, compute influence, diagnose the training samples."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from common.seeds import generator
from experiments.audit.model_choice import ModelChoice
from experiments.machine import check_memory
from experiments.training.context import TrialContext
from experiments.training.prepare import Part, Prepared, prepare_parts
from influence.diagnosis.base import Diagnosis
from influence.estimators.exact import exact_profile
from influence.evidence import Evidence
from influence.signals import SIGNALS
from influence.trace import Trace

Rows = NDArray[np.int64]
Diagnose = Callable[[Evidence], Diagnosis]

RANKED_SIGNALS: Final = (
    "self_influence",
    "marginal_influence",
    "average_absolute_influence",
    "gd_class",
    "cnci",
    "loss",
)
"""Signals whose ranks are reported with the diagnosis: the paper's four and two cheap ones."""
BLOCK: Final = 10_000
"""Training samples diagnosed together. Memory and time grow with its square."""
NEVER: Final = 0
FLOAT_BYTES: Final = 4
OUTPUT_COPIES: Final = 3
"""Logits, probabilities and residuals."""


@dataclass(frozen=True)
class Fold:
    """The data of one training.

    Attributes:
        train: the samples to train on and to diagnose, n.
        reference: the samples whose losses influence is measured on, m.
        held_out: the rows of the reference samples in the audited set, (m,); empty if they come
            from a reference set.
        groups: the number of the group of each row of the audited set, if there are groups.
    """

    train: Part
    reference: Part
    held_out: Rows
    groups: Rows | None = None

    @classmethod
    def whole(cls, train: Part, reference: Part, groups: Rows | None = None) -> Fold:
        """The only fold where there is a reference set."""
        return cls(train, reference, train.rows[:0], groups)

    @property
    def rows(self) -> Rows:
        """For each training sample its row in the audited set, (n,)."""
        return self.train.rows

    @property
    def audited(self) -> Rows:
        """The rows of all samples of the audited set, trained on or held out, in order."""
        return np.sort(np.concatenate([self.rows, self.held_out]))


@dataclass(frozen=True)
class FoldResult:
    """What one training says about its samples.

    Attributes:
        fold: the data.
        diagnosis: of the n training samples.
        ranks: by signal, the rank of each training sample in [0, 1], 1 = most suspicious, (n,).
        learned: the epoch, from 1, since which each training sample is classified as labelled,
            (n,); ``NEVER`` if it is misclassified after the last epoch.
        trace: of the training.
        prepared: the trained model and its inputs.
        accuracy: on the reference samples, after the last epoch.
    """

    fold: Fold
    diagnosis: Diagnosis
    ranks: Mapping[str, NDArray[np.float64]]
    learned: Rows
    trace: Trace
    prepared: Prepared
    accuracy: float


@dataclass(frozen=True)
class TrainedFold:
    """A model trained on a fold.

    Attributes:
        fold: the data.
        choice: the model.
        prepared: the trained model and its inputs.
        trace: of the training.
    """

    fold: Fold
    choice: ModelChoice
    prepared: Prepared
    trace: Trace

    @property
    def has_fixed_features(self) -> bool:
        """Whether training leaves the inputs of the last layer as they are."""
        return not self.prepared.model.network.body.state_dict()


def train_fold(fold: Fold, choice: ModelChoice, context: TrialContext) -> TrainedFold:
    """Train on a fold.

    Raises:
        UserError: the trace does not fit into memory, or the training diverges.
    """
    prepared = prepare_parts(choice, context, fold.train, fold.reference)
    _check_memory(fold, prepared)
    return TrainedFold(fold, choice, prepared, prepared.fit().trace)


def _check_memory(fold: Fold, prepared: Prepared) -> None:
    """Of the trace, by far the largest part of an audit after its data."""
    samples, epochs = len(fold.train) + len(fold.reference), prepared.spec.settings.epochs
    network = prepared.model.network
    inputs = network.head.in_features * (epochs if network.body.state_dict() else 1)
    outputs = network.head.out_features * epochs
    check_memory(
        f"the inputs and outputs of the last layer for {samples} samples in {epochs} epochs",
        FLOAT_BYTES * samples * (inputs + OUTPUT_COPIES * outputs),
    )


def run_fold(
    fold: Fold, choice: ModelChoice, context: TrialContext, diagnose: Diagnose
) -> FoldResult:
    """Train on a fold and diagnose its training samples, at most ``BLOCK`` of them at a time."""
    return diagnose_fold(train_fold(fold, choice, context), context, diagnose)


def diagnose_fold(
    trained: TrainedFold, context: TrialContext, diagnose: Diagnose, known: Diagnosis | None = None
) -> FoldResult:
    """Diagnose the training samples of a fold, at most ``BLOCK`` of them at a time.

    Args:
        trained: the fold.
        context: the machine to compute on.
        diagnose: from the evidence of a block to its diagnosis.
        known: the diagnosis of the training samples, where it is known already.
    """
    fold, trace, prepared = trained.fold, trained.trace, trained.prepared
    blocks = list(sample_blocks(len(fold.rows), trained.choice.seed))
    diagnoses, scores = [], []
    for block in blocks:
        part = Trace(
            trace.train.take(block), trace.validation, trace.learning_rates, bias=trace.bias
        )
        profile = exact_profile(part, device=context.device).as_stored()
        evidence = prepared.evidence(profile, part, block)
        if fold.groups is not None:
            evidence = replace(evidence, groups=fold.groups[fold.rows[block]])
        with without_class_warnings():
            if known is None:
                diagnoses.append(diagnose(evidence))
            scores.append({name: SIGNALS[name](evidence) for name in RANKED_SIGNALS})
    order = np.argsort(np.concatenate(blocks))
    ranks = {
        name: rankdata(np.concatenate([part[name] for part in scores])[order]) / len(order)
        for name in RANKED_SIGNALS
    }
    return FoldResult(
        fold=fold,
        diagnosis=known or concatenated(diagnoses, order),
        ranks=ranks,
        learned=_learned_epoch(trace.train.correct),
        trace=trace,
        prepared=prepared,
        accuracy=float(trace.validation.correct[-1].mean()),
    )


@contextmanager
def without_class_warnings() -> Iterator[None]:
    """Classes of few samples are noted once, by the reader of the data."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        yield


def sample_blocks(n: int, seed: int) -> Iterator[Rows]:
    """Random blocks of equal size, none larger than ``BLOCK``."""
    count = -(-n // BLOCK)
    order = np.arange(n) if count == 1 else generator(seed, "blocks").permutation(n)
    for part in np.array_split(order, count):
        yield np.sort(part)


def concatenated(parts: Sequence[Diagnosis], order: Rows) -> Diagnosis:
    """One diagnosis of all samples, reordered by ``order``."""
    by_sample = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])[order]
        for field in fields(Diagnosis)
        if field.name != "expected_label_errors"
    }
    return Diagnosis(
        **by_sample, expected_label_errors=sum(part.expected_label_errors for part in parts)
    )


def rows_of(whole: Diagnosis, rows: Rows) -> Diagnosis:
    """The diagnosis of some rows, with their share of the expected label errors."""
    by_sample = {
        field.name: getattr(whole, field.name)[rows]
        for field in fields(Diagnosis)
        if field.name != "expected_label_errors"
    }
    share = len(rows) / len(whole.probability)
    return Diagnosis(**by_sample, expected_label_errors=share * whole.expected_label_errors)


def _learned_epoch(correct: NDArray[np.bool_]) -> Rows:
    """The epoch since which each sample stays correct, (n,); ``NEVER`` if the last one is wrong.

    >>> _learned_epoch(np.array([[True, False, False], [False, True, True], [True, True, False]]))
    array([3, 2, 0])
    """
    epochs = len(correct)
    wrong_from_end = np.argmin(correct[::-1], axis=0)
    first = epochs - wrong_from_end + 1
    always = correct.all(axis=0)
    return np.where(always, 1, np.where(correct[-1], first, NEVER)).astype(np.int64)
