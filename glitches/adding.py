"""Adding samples of one class under one label of the training set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from common.dataset import Dataset
from common.errors import UserError
from glitches.base import Injection
from glitches.contaminated import NO_TRUE_LABEL, Contaminated
from glitches.counts import at_least_one, share_added
from glitches.images import matched

Images = NDArray[np.generic]


def with_added(
    train: Contaminated,
    injection: Injection,
    donors: Dataset,
    *,
    foreign: bool = False,
    corrupt: Callable[[Images], Images] | None = None,
) -> Contaminated:
    """The set and as many samples of one random class as make up the ratio of the final set.

    The added samples get one random label of the set, and its image size and channels. Classes of
    ``donors`` with too few samples are not drawn.

    Args:
        train: the set.
        injection: name, ratio and generator.
        donors: the dataset that samples are drawn from.
        foreign: whether ``donors`` has other classes than the set, so that no true label is known.
        corrupt: applied to the drawn images.
    """
    rng, n = injection.rng, len(train)
    count = at_least_one(share_added(injection.ratio, n), injection, n)
    sizes = np.bincount(donors.y, minlength=donors.n_classes)
    eligible = np.flatnonzero(sizes >= count)
    if len(eligible) == 0:
        raise UserError(
            f"{injection.name} at ratio {injection.ratio:g} adds {count} samples of one class of "
            f"{donors.name!r}, but its largest class has {sizes.max(initial=0)}"
        )
    rows = np.flatnonzero(donors.y == rng.choice(eligible))
    drawn = donors.take(rng.choice(rows, count, replace=False))
    images = drawn.x if corrupt is None else corrupt(drawn.x)
    added = replace(
        train.data,
        x=matched(images, *train.data.x.shape[1:]),
        y=np.full(count, rng.integers(train.data.n_classes), np.int64),
        source_index=drawn.source_index,
        known_glitch=None,
        votes=None,
    )
    true_label = np.full(count, NO_TRUE_LABEL, np.int64) if foreign else drawn.y
    return train.joined(Contaminated(added, np.full(count, injection.name, object), true_label))
