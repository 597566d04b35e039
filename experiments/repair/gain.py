"""What a repair gains over the dirty set, a randomly repaired one, and the clean one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t

from common.seeds import generator
from experiments.audit.input.data import AuditData
from experiments.audit.model_choice import Recipe
from experiments.audit.pipeline import FOLDS, parts
from experiments.repair.decisions import Decisions
from experiments.training.context import TrialContext
from experiments.training.prepare import prepare

DIRTY: Final = "dirty"
REPAIRED: Final = "repaired"
RANDOM: Final = "randomly repaired"
CLEAN: Final = "clean"
LEVEL: Final = 0.95

Rows = NDArray[np.int64]
Variant = tuple[Rows, Rows]
"""Rows that stay, and the labels of all rows."""


@dataclass(frozen=True)
class Gain:
    """Accuracies of trainings, by what they were trained on.

    Attributes:
        accuracy: one row a seed, one column a set.
    """

    accuracy: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """By set: mean accuracy, its difference from the dirty set's, both with 95 % intervals."""
        found = []
        for name in self.accuracy:
            mean = interval(self.accuracy[name])
            more = interval(self.accuracy[name] - self.accuracy[DIRTY])
            found.append(
                {"trained on": name}
                | dict(zip(("accuracy", "low", "high"), mean, strict=True))
                | dict(zip(("gain", "gain_low", "gain_high"), more, strict=True))
            )
        return pd.DataFrame(found)

    def sentence(self) -> str:
        """Whether the repair helps."""
        gain, low, high = interval(self.accuracy[REPAIRED] - self.accuracy[DIRTY])
        over, over_low, _ = interval(self.accuracy[REPAIRED] - self.accuracy[RANDOM])
        text = f"{100 * gain:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"
        if low > 0 and over_low > 0:
            return f"The repair helps: {text}, {100 * over:+.1f} over random decisions."
        if high < 0:
            return f"The repair does harm: {text}. Keep the data as they are."
        trainings = f"{len(self.accuracy)} trainings of each set"
        return f"The repair does not help, as far as {trainings} tell: {text}."


def interval(values: pd.Series) -> tuple[float, float, float]:
    """Mean and 95 % interval by Student's t; the mean alone, thrice, of a single value.

    >>> [round(v, 2) for v in interval(pd.Series([1.0, 2.0, 3.0]))]
    [2.0, -0.48, 4.48]
    """
    mean, n = float(values.mean()), len(values)
    if n < 2:
        return mean, mean, mean
    reach = float(t.ppf((1 + LEVEL) / 2, n - 1) * values.std(ddof=1) / n**0.5)
    return mean, mean - reach, mean + reach


def gain(  # noqa: PLR0913, PLR0917  # the data, what to do with it, and where
    data: AuditData,
    decisions: Decisions,
    truth: Decisions | None,
    recipe: Recipe,
    context: TrialContext,
    seeds: Sequence[int],
) -> Gain:
    """Train on each set under several seeds and validate.

    Without validation data a part of the set is held out, another one under each seed; of it only
    samples that no decision touches are counted, which favours none of the sets.

    Args:
        data: the dirty set.
        decisions: to judge.
        truth: the decisions that make the set clean, where they are known.
        recipe: of the trainings.
        context: where to compute.
        seeds: of the trainings; each set is trained on once under each.
    """
    train = data.train
    found = []
    for seed in seeds:
        rng = generator(seed, "random repair")
        random = decisions.randomly(train.y, train.n_classes, rng)
        variants = {
            DIRTY: (np.arange(len(train)), train.y),
            RANDOM: random.apply(train.y),
            REPAIRED: decisions.apply(train.y),
        }
        if truth is not None:
            variants[CLEAN] = truth.apply(train.y)
        found.append(dict(_accuracies(data, variants, decisions, recipe.with_seed(seed), context)))
    return Gain(pd.DataFrame(found))


def _accuracies(
    data: AuditData,
    variants: Mapping[str, Variant],
    decisions: Decisions,
    recipe: Recipe,
    context: TrialContext,
) -> Iterator[tuple[str, float]]:
    train, validation, held = data.train, data.validation, np.empty(0, dtype=np.int64)
    if validation is None:
        held = next(parts(train.y, FOLDS, recipe.seed))
        touched = np.concatenate([decisions.relabelled, decisions.dropped])
        validation = train.take(np.setdiff1d(held, touched))
    pool = train.beside(validation)
    for name, (kept, labels) in variants.items():
        used = np.setdiff1d(kept, held)
        part = replace(train, y=labels).take(used)
        yield name, prepare(recipe, context, part, validation, pool).accuracy(recipe, context)
