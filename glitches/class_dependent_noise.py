"""Class-dependent noise (paper, section 2.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.errors import UserError
from glitches.base import Glitch, Injection
from glitches.contaminated import Contaminated
from glitches.counts import share_of


@dataclass(frozen=True)
class ClassDependentNoise(Glitch):
    """Gives ``ratio`` of one random class the label of one other random class.

    The ratio is a share of that class, not of the set; in a mixture, of those of its samples that
    are still clean. Classes in which the ratio is less than one sample are not drawn.
    """

    kind = "label_error"

    def inject(self, train: Contaminated, injection: Injection) -> Contaminated:
        """The set with wrong labels; samples stay."""
        classes, rng = train.data.n_classes, injection.rng
        if classes < 2:
            raise UserError(f"{injection.name} needs at least 2 classes, got {classes}")
        labels = train.data.y[train.clean_rows]
        counts = [share_of(injection.ratio, int((labels == c).sum())) for c in range(classes)]
        eligible = np.flatnonzero(counts)
        if len(eligible) == 0:
            raise UserError(
                f"{injection.name} at ratio {injection.ratio:g} is less than one sample of each "
                f"class: the largest class has {np.bincount(labels).max(initial=0)}"
            )
        source = rng.choice(eligible)
        target = (source + rng.integers(1, classes)) % classes
        rows = rng.choice(train.clean_rows[labels == source], counts[source], replace=False)
        return train.with_labels(rows, target).marked(rows, injection.name)
