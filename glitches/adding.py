"""Adding samples of one class under one label of the training set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from common.dataset import Dataset
from common.errors import UserError
from glitches.base import Injection
from glitches.contaminated import Contaminated
from glitches.counts import at_least_one, share_beside
from glitches.images import matched


def drawn_from_one_class(
    train: Contaminated, name: str, injection: Injection, donors: Dataset
) -> Dataset:
    """As many samples of one random class of ``donors`` as make up the ratio of the final set.

    Classes with too few samples are not drawn.
    """
    count = at_least_one(
        share_beside(injection.ratio, len(train)), name, injection.ratio, len(train)
    )
    sizes = np.bincount(donors.y, minlength=donors.n_classes)
    eligible = np.flatnonzero(sizes >= count)
    if len(eligible) == 0:
        raise UserError(
            f"{name} at ratio {injection.ratio:g} adds {count} samples of one class of "
            f"{donors.name!r}, however its largest class has {sizes.max(initial=0)}"
        )
    rows = np.flatnonzero(donors.y == injection.rng.choice(eligible))
    return donors.take(injection.rng.choice(rows, count, replace=False))


def with_added(
    train: Contaminated,
    name: str,
    injection: Injection,
    donors: Dataset,
    true_label: NDArray[np.int64],
) -> Contaminated:
    """``train`` and all of ``donors``, resized and channel-matched, under one random label."""
    label = injection.rng.integers(train.data.n_classes)
    height, width, channels = train.data.x.shape[1:]
    added = replace(
        train.data,
        x=matched(donors.x, height, width, channels),
        y=np.full(len(donors), label, np.int64),
        source_index=donors.source_index,
        known_glitch=None,
    )
    return train.joined(Contaminated(added, np.full(len(donors), name, object), true_label))
