"""An audit from top to bottom: train, look from clean samples, diagnose, explain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from common.dataset import Dataset
from common.seeds import generator
from experiments.audit.aggregate import learned_epochs, limited, mean_ranks, united
from experiments.audit.explain.clusters import Cluster, clusters
from experiments.audit.explain.duplicates import duplicates
from experiments.audit.explain.features import Looks, looks_of
from experiments.audit.explain.reasons import Reason, reasons
from experiments.audit.explain.summary import Summary, summarised
from experiments.audit.fold import BLOCK, Diagnose, Opinion, Rows, opinion
from experiments.audit.input.data import AuditData
from experiments.audit.model_choice import Recipe
from experiments.training.context import StepClock, TrialContext
from influence.diagnosis.base import Diagnosis
from influence.diagnosis.diagnose import diagnose as diagnose_with_reference
from influence.diagnosis.without_reference import diagnose_without_reference

FOLDS = 5
FOLDS_OF_MANY = 2
MANY = 20_000
"""Samples from which on fewer folds do, so that each is still judged by one training at least."""
MOST_VALIDATION = 4_000
"""Samples that play validation, at most: the cost grows with them, the gain hardly."""
EXPLAINED = 300


@dataclass(frozen=True)
class Choices:
    """What the user may choose.

    Attributes:
        max_false_alarms: the share of clean samples among the flagged ones that is borne; by
            default the diagnosis chooses its own threshold.
        folds: without validation data, into how many parts the set is cut.
        explained: samples, from the most suspicious on, that are given reasons.
    """

    max_false_alarms: float | None = None
    folds: int | None = None
    explained: int = EXPLAINED


@dataclass(frozen=True)
class Examination:
    """All that an audit found.

    Attributes:
        data: what was audited.
        recipe: of the trainings.
        diagnosis: of each of n samples.
        order: rows from the most to the least suspicious, (n,).
        ranks: by each known signal, from 1, (n,).
        learned: epoch, (n,); 0 for never.
        duplicate_of: texts, (n,).
        reasons: of the most suspicious samples, in order.
        clusters: of flagged samples.
        summary: of the set.
        looks: of the samples.
        seconds: wall time by step.
    """

    data: AuditData
    recipe: Recipe
    diagnosis: Diagnosis
    order: Rows
    ranks: dict[str, Rows]
    learned: Rows
    duplicate_of: np.ndarray
    reasons: list[Reason]
    clusters: list[Cluster]
    summary: Summary
    looks: Looks
    seconds: dict[str, float]


def examine(
    data: AuditData,
    recipe: Recipe,
    context: TrialContext,
    choices: Choices | None = None,
    diagnose: Diagnose | None = None,
) -> Examination:
    """Audit a training set.

    Without validation data, folds of the set itself play validation one after the other, for
    influence; each sample is judged by the trainings that it was part of.

    Args:
        data: the set, and clean samples where there are any.
        recipe: of the trainings.
        context: where to compute.
        choices: of the user.
        diagnose: from evidence to a diagnosis; by default the one that looks at validation samples
            where they are clean, and the one that does not where there are none.

    Raises:
        UserError: where training diverges.
    """
    chosen = choices or Choices()
    diagnose = diagnose or (
        diagnose_without_reference if data.validation is None else diagnose_with_reference
    )
    torch.set_num_threads(context.threads)
    clock = StepClock()
    n = len(data.train)
    with clock("diagnosis"):
        opinions = list(_opinions(data, recipe, context, diagnose, chosen.folds))
        diagnosis = united(opinions, n, data.train.n_classes)
        if chosen.max_false_alarms is not None:
            diagnosis = limited(diagnosis, chosen.max_false_alarms)
    order = _order(diagnosis, data.train, recipe.seed)
    with clock("chance"):
        chance = _chance(data, recipe, context, diagnose, diagnosis.flagged)
    with clock("duplicates"):
        looks = looks_of(opinions[0], n)
        same = duplicates(data.train.x, looks, data.copies, opinions[0].seen_from)
    with clock("reasons"):
        explained = order[: chosen.explained]
        why = reasons(data, explained, opinions, looks, context.device)
        groups = clusters(data.train, diagnosis, looks)
    return Examination(
        data,
        recipe,
        diagnosis,
        order,
        mean_ranks(opinions, n),
        learned_epochs(opinions, n),
        same,
        why,
        groups,
        summarised(data.train, diagnosis, opinions, chance),
        looks,
        clock.seconds,
    )


def _opinions(
    data: AuditData,
    recipe: Recipe,
    context: TrialContext,
    diagnose: Diagnose,
    folds: int | None,
) -> Iterator[Opinion]:
    train = data.train
    everything = np.arange(len(train))
    none = everything[:0]
    if data.validation is not None:
        rows = _drawn(data.validation.y, recipe.seed)
        validation = data.validation.take(rows)
        pool = train.beside(validation)
        yield opinion(train, validation, everything, none, pool, recipe, context, diagnose)
        return
    count = folds or (FOLDS if len(train) <= MANY else FOLDS_OF_MANY)
    for number, held in enumerate(parts(train.y, count, recipe.seed)):
        rows = np.setdiff1d(everything, held)
        yield opinion(
            train.take(rows),
            train.take(held),
            rows,
            held,
            train,
            recipe.with_seed(recipe.seed + number),
            context,
            diagnose,
        )


def parts(labels: Rows, count: int, seed: int) -> Iterator[Rows]:
    """Disjoint parts of the set, each with its share of each class, none larger than
    ``MOST_VALIDATION``."""
    place = np.empty(len(labels), dtype=np.int64)
    shuffled = generator(seed, "folds").permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    place[order] = np.arange(len(labels))
    size = max(count, -(-len(labels) // MOST_VALIDATION))
    for part in range(count):
        yield np.flatnonzero(place % size == part)


def _drawn(labels: Rows, seed: int) -> Rows:
    return next(parts(labels, 1, seed))


def _order(diagnosis: Diagnosis, train: Dataset, seed: int) -> Rows:
    """Flagged samples first, then by probability; ties in random order, never by position."""
    shuffled = generator(seed, "ties").permutation(len(train))
    keys = (-diagnosis.probability[shuffled], ~diagnosis.flagged[shuffled])
    return np.asarray(shuffled[np.lexsort(keys)], dtype=np.int64)


def _chance(
    data: AuditData,
    recipe: Recipe,
    context: TrialContext,
    diagnose: Diagnose,
    flagged: np.ndarray,
) -> float:
    """The share of a set like this one, without the samples that were flagged, that the same audit
    flags; nan where less than half of it is left."""
    rest = np.flatnonzero(~flagged)
    if 2 * len(rest) < len(flagged):
        return float("nan")
    rest = rest[np.sort(generator(recipe.seed, "chance").permutation(len(rest))[: 2 * BLOCK])]
    clean = replace(data, train=data.train.take(rest))
    again = recipe.with_seed(recipe.seed + FOLDS)
    one = next(_opinions(clean, again, context, diagnose, None))
    return float(one.diagnosis.flagged.mean())
