"""Noise that depends on the sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from common.dataset import Dataset
from common.errors import UserError
from glitches.base import Glitch, Injection
from glitches.contaminated import Contaminated
from glitches.counts import at_least_one, share_of
from glitches.images import matched

TREES = 100
PRIOR = 0.01
"""Weight of equal probabilities in the averaged predictions, so that no flip is impossible."""
LARGEST_SIDE = 32
"""Larger images are resized for the forest."""


@dataclass(frozen=True)
class InstanceDependentNoise(Glitch):
    """Gives ⌊ratio · n⌋ samples a different label each: samples are drawn with probability
    proportional to 1 − p(y), and their labels from p over the other classes, where p are the
    predictions of the trees of a random forest that were not fitted to the sample, averaged.

    Source: Chen et al., AAAI 2021 (flips from the averaged predictions of a model), with a forest
    on pixels or columns instead of a network, and flips drawn instead of the most probable ones.
    """

    kind = "label_error"

    def inject(self, train: Contaminated, injection: Injection) -> Contaminated:
        """The set with wrong labels; samples stay."""
        classes, rng = train.data.n_classes, injection.rng
        if classes < 2:
            raise UserError(f"{injection.name} needs at least 2 classes, got {classes}")
        count = at_least_one(share_of(injection.ratio, len(train)), injection, len(train))
        clean = train.clean_rows
        p = averaged_predictions(train.data.take(clean), rng)
        own = (np.arange(len(clean)), train.data.y[clean])
        doubt = 1.0 - p[own]
        chosen = rng.choice(len(clean), count, replace=False, p=doubt / doubt.sum())
        p[own] = 0.0
        up_to = p[chosen].cumsum(axis=1)
        drawn = rng.random(count) * up_to[:, -1]
        labels = (up_to <= drawn[:, None]).sum(axis=1)
        rows = clean[chosen]
        return train.with_labels(rows, labels).marked(rows, injection.name)


def averaged_predictions(data: Dataset, rng: np.random.Generator) -> NDArray[np.float64]:
    """Class probabilities of each sample by the trees that were not fitted to it, (n, C)."""
    seed = int(rng.integers(2**32))
    forest = RandomForestClassifier(TREES, oob_score=True, random_state=seed)
    forest.fit(_columns(data), data.y)
    out = np.full((len(data), data.n_classes), PRIOR / data.n_classes)
    out[:, forest.classes_] += (1.0 - PRIOR) * forest.oob_decision_function_
    return np.asarray(out / out.sum(axis=1, keepdims=True))


def _columns(data: Dataset) -> NDArray[np.generic]:
    """Pixels or features, (n, d)."""
    if data.modality == "tabular":
        return data.x
    height, width, channels = data.x.shape[1:]
    reduction = max(height, width, LARGEST_SIDE) / LARGEST_SIDE
    size = (max(1, round(height / reduction)), max(1, round(width / reduction)))
    return matched(data.x, *size, channels).reshape(len(data), -1)
