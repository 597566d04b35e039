"""Accuracy after training on the dirty, the repaired, a randomly repaired and the clean set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t

from common.errors import UserError
from common.seeds import generator
from experiments.audit.input.data import AuditData
from experiments.audit.model_choice import ModelChoice
from experiments.audit.parts import FOLDS, held_out_parts
from experiments.repair.decisions import Decisions
from experiments.training.context import TrialContext
from experiments.training.prepare import embed, prepare_parts

DIRTY: Final = "dirty"
REPAIRED: Final = "repaired"
RANDOM: Final = "randomly repaired"
CLEAN: Final = "clean"
LEVEL: Final = 0.95
MIN_UNTOUCHED: Final = 2 * FOLDS
"""Rows without a decision, so that each fold has some to validate with."""

Rows = NDArray[np.int64]
Variant = tuple[Rows, Rows]
"""The rows that are kept, and the labels of all rows."""


@dataclass(frozen=True)
class Gain:
    """Accuracies by training set.

    Attributes:
        accuracy: one row for each seed, one column for each set.
    """

    accuracy: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """For each set: mean accuracy and gain over the dirty set, with 95 % intervals.

        An interval ends where the quantity does, at 0 and 1 for an accuracy and at -1 and 1 for a
        gain: beyond that no mean can lie, so that its coverage stays the same.
        """
        found = []
        for name in self.accuracy:
            mean = interval(self.accuracy[name], 0.0)
            more = interval(self.accuracy[name] - self.accuracy[DIRTY])
            found.append(
                {"trained on": name}
                | dict(zip(("accuracy", "low", "high"), mean, strict=True))
                | dict(zip(("gain", "gain_low", "gain_high"), more, strict=True))
            )
        return pd.DataFrame(found)

    def sentence(self) -> str:
        """One sentence that says whether the repair helps."""
        gain, low, high = interval(self.accuracy[REPAIRED] - self.accuracy[DIRTY])
        over, over_low, _ = interval(self.accuracy[REPAIRED] - self.accuracy[RANDOM])
        text = f"{100 * gain:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"
        if low > 0 and over_low > 0:
            return f"The repair helps: {text}, {100 * over:+.1f} over random decisions."
        if high < 0:
            return f"The repair lowers accuracy: {text}. Keep the data as they are."
        trainings = f"{len(self.accuracy)} trainings of each set"
        if low > 0:
            return (
                f"Accuracy rises by {text}, but in {trainings} not significantly more than by "
                f"random decisions ({100 * over:+.1f} over them)."
            )
        return f"No significant gain in {trainings}: {text}."


def interval(values: pd.Series, lowest: float = -1.0) -> tuple[float, float, float]:
    """Mean and 95 % interval by Student's t, clipped to [``lowest``, 1], the range of the values;
    for a single value, that value three times.

    >>> [round(v, 2) for v in interval(pd.Series([0.1, 0.2, 0.3]))]
    [0.2, -0.05, 0.45]
    >>> [round(v, 2) for v in interval(pd.Series([0.8, 0.9]), lowest=0.0)]
    [0.85, 0.21, 1.0]
    """
    mean, n = float(values.mean()), len(values)
    if n < 2:
        return mean, mean, mean
    reach = float(t.ppf((1 + LEVEL) / 2, n - 1) * values.std(ddof=1) / n**0.5)
    return mean, max(mean - reach, lowest), min(mean + reach, 1.0)


def check_measurable(data: AuditData, decisions: Decisions, what: str) -> None:
    """Raise ``UserError`` if too few samples are left to measure a gain with.

    Without validation data only samples that no decision touches are validated with.
    """
    untouched = len(data.train) - len(decisions.touched)
    if data.validation is None and untouched < MIN_UNTOUCHED:
        raise UserError(
            f"{what}: {untouched} of {len(data.train)} rows stay untouched, too few to measure a "
            f"gain (at least {MIN_UNTOUCHED}); give --validation"
        )


def gain(  # noqa: PLR0913, PLR0917  # the data, what to do with it, and where
    data: AuditData,
    decisions: Decisions,
    truth: Decisions | None,
    recipe: ModelChoice,
    context: TrialContext,
    seeds: Sequence[int],
) -> Gain:
    """Train on each set with several seeds and validate.

    Without validation data, each seed holds out another fold of the set, of whole groups if there
    are groups; only its samples that no decision touches are counted, so that no set is favoured.

    Args:
        data: the dirty set.
        decisions: the decisions to evaluate.
        truth: the decisions that make the set clean, if they are known.
        recipe: model and training settings.
        context: where to compute.
        seeds: each set is trained on once with each seed.
    """
    train = data.train
    whole, *reference = embed(
        recipe, context, train, *([] if data.validation is None else [data.validation])
    )
    found = []
    for seed in seeds:
        rng = generator(seed, "random repair")
        random = decisions.shuffled(train.y, train.n_classes, rng)
        variants = {
            DIRTY: (np.arange(len(train)), train.y),
            RANDOM: random.apply(train.y),
            REPAIRED: decisions.apply(train.y),
        }
        if truth is not None:
            variants[CLEAN] = truth.apply(train.y)
        held = np.empty(0, dtype=np.int64)
        if reference:
            (validation,) = reference
        else:
            held = next(held_out_parts(train.y, data.groups, FOLDS, seed))
            validation = replace(whole, rows=np.setdiff1d(held, decisions.touched))
        accuracies = {}
        for name, (kept, labels) in variants.items():
            used = replace(whole, data=replace(train, y=labels), rows=np.setdiff1d(kept, held))
            prepared = prepare_parts(recipe.with_seed(seed), context, used, validation)
            accuracies[name] = prepared.accuracy()
        found.append(accuracies)
    return Gain(pd.DataFrame(found))
