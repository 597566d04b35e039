"""One opinion on training samples: a training, its evidence, and the diagnosis made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from common.dataset import Dataset
from common.seeds import generator
from experiments.audit.model_choice import Recipe
from experiments.training.context import TrialContext
from experiments.training.prepare import Prepared, prepare
from influence.diagnosis.base import Diagnosis
from influence.estimators.exact import exact_profile
from influence.evidence import Evidence
from influence.signals import SIGNALS
from influence.trace import Trace

Rows = NDArray[np.int64]
Diagnose = Callable[[Evidence], Diagnosis]

SIGNALS_BESIDE: Final = (
    "self_influence",
    "marginal_influence",
    "average_absolute_influence",
    "gd_class",
    "cnci",
    "loss",
)
"""Known signals whose ranks stand beside the diagnosis: the paper's, and two that cost nothing."""
BLOCK: Final = 10_000
"""Training samples that are diagnosed together; more would cost the square of their number."""
NEVER: Final = 0


@dataclass(frozen=True)
class Opinion:
    """What one training says of its samples.

    Attributes:
        rows: of the audited set that it was trained on, (n,).
        validation_rows: of the audited set that played validation, (m,); empty where there is a
            validation set.
        seen_from: ``source_index`` of the samples that played validation, (m,).
        diagnosis: of each of ``rows``.
        ranks: of each of ``rows`` by each known signal, in [0, 1], 1 the most suspicious.
        learned: the epoch from which on each is predicted as labelled, from 1; ``NEVER`` if not
            at the end.
        trace, prepared: of the training.
        accuracy: on the samples that played validation, at the end.
    """

    rows: Rows
    validation_rows: Rows
    seen_from: Rows
    diagnosis: Diagnosis
    ranks: Mapping[str, NDArray[np.float64]]
    learned: Rows
    trace: Trace
    prepared: Prepared
    accuracy: float


def opinion(  # noqa: PLR0913, PLR0917  # the data, their roles, and how to look
    data: Dataset,
    validation: Dataset,
    rows: Rows,
    validation_rows: Rows,
    pool: Dataset,
    recipe: Recipe,
    context: TrialContext,
    diagnose: Diagnose,
) -> Opinion:
    """Train on ``data``, look from ``validation``.

    Args:
        data: training samples, rows ``rows`` of the audited set.
        validation: samples that play validation.
        rows: (n,).
        validation_rows: rows of the audited set that ``validation`` is, if it is any.
        pool: all samples, whose frozen features are kept together.
        recipe: model and settings.
        context: where to compute.
        diagnose: from evidence to a diagnosis.
    """
    prepared = prepare(recipe, context, data, validation, pool)
    trace = prepared.fit(recipe, context).trace
    parts, scores = [], []
    blocks = list(_blocks(len(rows), recipe.seed))
    for block in blocks:
        part = Trace(
            trace.train.take(block), trace.validation, trace.learning_rates, bias=trace.bias
        )
        profile = exact_profile(part, device=context.device).as_stored()
        evidence = prepared.evidence(profile, part, recipe.seed, block)
        parts.append(diagnose(evidence))
        scores.append({name: SIGNALS[name](evidence) for name in SIGNALS_BESIDE})
    order = np.argsort(np.concatenate(blocks))
    ranks = {
        name: rankdata(np.concatenate([part[name] for part in scores])[order]) / len(rows)
        for name in SIGNALS_BESIDE
    }
    return Opinion(
        rows,
        validation_rows,
        validation.source_index,
        _joined(parts, order),
        ranks,
        _learned(trace.train.correct),
        trace,
        prepared,
        float(trace.validation.correct[-1].mean()),
    )


def _blocks(n: int, seed: int) -> Iterator[Rows]:
    """Random parts of equal size, none larger than ``BLOCK``."""
    count = -(-n // BLOCK)
    order = np.arange(n) if count == 1 else generator(seed, "blocks").permutation(n)
    for part in np.array_split(order, count):
        yield np.sort(part)


def _joined(parts: list[Diagnosis], order: Rows) -> Diagnosis:
    def of(name: str) -> NDArray[np.generic]:
        return np.concatenate([getattr(part, name) for part in parts])[order]

    return Diagnosis(
        *(of(n) for n in ("probability", "flagged", "kind", "kind_probability", "expected_label"))  # type: ignore[arg-type]  # the fields of Diagnosis, in its order
    )


def _learned(correct: NDArray[np.bool_]) -> Rows:
    """The epoch from which on each sample stays correct, (n,); ``NEVER`` where the last is wrong.

    >>> _learned(np.array([[True, False, False], [False, True, True], [True, True, False]]))
    array([3, 2, 0])
    """
    epochs = len(correct)
    wrong_from_end = np.argmin(correct[::-1], axis=0)
    first = epochs - wrong_from_end + 1
    always = correct.all(axis=0)
    return np.where(always, 1, np.where(correct[-1], first, NEVER)).astype(np.int64)
