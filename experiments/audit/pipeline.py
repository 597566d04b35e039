"""An audit from top to bottom: train, diagnose, aggregate, explain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from common.errors import UserError
from common.seeds import generator
from experiments.audit.aggregate import (
    aggregate,
    mean_ranks,
    with_false_discovery_rate,
)
from experiments.audit.explain.clusters import clusters
from experiments.audit.explain.duplicates import duplicates
from experiments.audit.explain.features import feature_space
from experiments.audit.explain.image_checks import image_checks
from experiments.audit.explain.reasons import reasons
from experiments.audit.explain.summary import summarize
from experiments.audit.fixed_features import diagnose_whole
from experiments.audit.fold import (
    BLOCK,
    Diagnose,
    Fold,
    FoldResult,
    Rows,
    diagnose_fold,
    rows_of,
    train_fold,
)
from experiments.audit.input.data import AuditData
from experiments.audit.model_choice import ModelChoice
from experiments.audit.parts import (
    FOLDS,
    LARGE_SET,
    fold_count,
    held_out_parts,
    stratified_parts,
    with_others,
)
from experiments.audit.record import AuditRecord
from experiments.training.context import StepClock, TrialContext
from experiments.training.prepare import embed
from influence.diagnosis.base import Diagnosis
from influence.diagnosis.diagnose import diagnose as diagnose_with_reference
from influence.diagnosis.without_reference import diagnose_without_reference

EXPLAINED = 300
FOLDS_STEP, CHANCE = "folds", "false positives"
"""Steps whose progress the context is told."""


@dataclass(frozen=True)
class AuditConfig:
    """What a user can set.

    Attributes:
        max_false_alarms: target false discovery rate of the flags, in (0, 1); by default the
            diagnosis chooses its own threshold.
        explained: how many samples get reasons, from the most suspicious on.
    """

    max_false_alarms: float | None = None
    explained: int = EXPLAINED

    def __post_init__(self) -> None:
        rate = self.max_false_alarms
        if rate is not None and not 0 < rate < 1:
            raise UserError(f"max_false_alarms must be in (0, 1), got {rate}")


def run_audit(
    data: AuditData,
    choice: ModelChoice,
    context: TrialContext,
    config: AuditConfig | None = None,
    diagnose: Diagnose | None = None,
) -> AuditRecord:
    """Audit a training set.

    Without a reference set, cross-validation folds take its place: influence is measured on the
    held-out fold, and the samples that the model was trained on are diagnosed.

    Args:
        data: the set and, if there is one, its reference set.
        choice: the model and how it is trained.
        context: the machine to compute on.
        config: what the user set.
        diagnose: by default the diagnosis with or without a reference set, as ``data`` has one.

    Raises:
        UserError: the training diverges.
    """
    config = config or AuditConfig()
    torch.set_num_threads(context.threads)
    auditor = _Auditor(data, choice, context, diagnose)
    clock = StepClock()
    n = len(data.train)
    with clock("diagnosis"):
        results = list(auditor.fold_results())
        diagnosis = aggregate(results, n, data.train.n_classes)
        if config.max_false_alarms is not None:
            diagnosis = with_false_discovery_rate(diagnosis, config.max_false_alarms)
    with clock("chance"):
        rate = auditor.flag_rate_without(diagnosis.flagged)
    order = _most_suspicious_first(diagnosis, choice.seed)
    with clock("duplicates"):
        space = feature_space(results[0], n)
        copies = duplicates(
            data.train.x,
            space,
            data.copies,
            results[0].fold.reference.data.source_index,
            context.progress,
        )
    with clock("image checks"):
        checks = image_checks(data, context.progress)
    with clock("reasons"):
        explained = reasons(data, order[: config.explained], results, space, context)
        groups = clusters(data.train, diagnosis, space)
    return AuditRecord(
        data=data,
        choice=choice,
        diagnosis=diagnosis,
        order=order,
        ranks=mean_ranks(results, n),
        duplicate_of=copies,
        reasons=explained,
        clusters=groups,
        summary=summarize(data.train, diagnosis, results, rate),
        checks=checks,
        seconds=clock.seconds,
    )


class _Auditor:
    """Trains and diagnoses the folds of a set and of its parts, whose frozen features are computed
    once."""

    def __init__(
        self,
        data: AuditData,
        choice: ModelChoice,
        context: TrialContext,
        diagnose: Diagnose | None,
    ) -> None:
        self._choice = choice
        self._context = context
        self._groups = data.groups
        sets = [data.train]
        if data.validation is not None:
            drawn = next(stratified_parts(data.validation.y, 1, choice.seed))
            few = len(drawn) < len(data.validation)
            sets.append(data.validation.take(drawn) if few else data.validation)
        self._train, *references = embed(choice, context, *sets)
        self._reference = references[0] if references else None
        default = diagnose_without_reference
        if self._reference is not None:
            default = diagnose_with_reference
        self._diagnose = diagnose or default
        self._once = diagnose is None and self._reference is None

    def fold_results(self) -> Iterator[FoldResult]:
        """The results of all folds, one after the other."""
        folds = list(self._folds(self._train.rows))
        self._context.progress(FOLDS_STEP, 0, len(folds))
        for number, result in enumerate(self._results(folds, self._choice.seed)):
            self._context.progress(FOLDS_STEP, number + 1, len(folds))
            yield result

    def flag_rate_without(self, flagged: NDArray[np.bool_]) -> float:
        """The share of samples that the same audit flags once the flagged ones are removed, an
        estimate of its false-positive rate; NaN where less than half of the set is left."""
        rest = np.flatnonzero(~flagged)
        if 2 * len(rest) < len(flagged):
            return float("nan")
        drawn = generator(self._choice.seed, "chance").permutation(len(rest))[: 2 * BLOCK]
        rows = rest[np.sort(drawn)]
        if self._groups is not None and len(np.unique(self._groups[rows])) < 2:
            return float("nan")
        self._context.progress(CHANCE, 0, 1)
        folds = [next(self._folds(rows))]
        result = next(self._results(folds, self._choice.seed + FOLDS))
        self._context.progress(CHANCE, 1, 1)
        return float(result.diagnosis.flagged.mean())

    def _results(self, folds: Sequence[Fold], seed: int) -> Iterator[FoldResult]:
        known, audited = None, folds[0].audited
        for number, fold in enumerate(folds):
            choice = self._choice.with_seed(seed + number)
            trained = train_fold(fold, choice, self._context)
            if known is None and self._once and trained.has_fixed_features:
                known = diagnose_whole(trained)
            own = known and rows_of(known, np.searchsorted(audited, fold.rows))
            yield diagnose_fold(trained, self._context, self._diagnose, own)

    def _folds(self, rows: Rows) -> Iterator[Fold]:
        """The folds of some rows of the audited set."""
        train = replace(self._train, rows=rows)
        if self._reference is not None:
            yield Fold.whole(train, self._reference, self._groups)
            return
        groups = None if self._groups is None else self._groups[rows]
        count, seed = fold_count(len(rows)), self._choice.seed
        first: Rows | None = None
        for held_out in held_out_parts(train.y, groups, count, seed):
            held = rows[held_out]
            kept = np.setdiff1d(rows, held)
            if first is None:
                first = held
            elif len(rows) > LARGE_SET:
                kept = with_others(first, kept, seed)
            yield Fold(replace(train, rows=kept), replace(train, rows=held), held, self._groups)


def _most_suspicious_first(diagnosis: Diagnosis, seed: int) -> Rows:
    """Rows, flagged ones first, each group by probability; ties in random order."""
    shuffled = generator(seed, "ties").permutation(len(diagnosis.flagged))
    keys = (-diagnosis.probability[shuffled], ~diagnosis.flagged[shuffled])
    return np.asarray(shuffled[np.lexsort(keys)], dtype=np.int64)
