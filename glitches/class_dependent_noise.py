"""Class-dependent noise (paper, section 2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from common.errors import UserError
from glitches.base import Glitch, Injection
from glitches.contaminated import Contaminated
from glitches.counts import share_of


@dataclass(frozen=True)
class ClassDependentNoise(Glitch):
    """Gives ``ratio`` of one random class the label of one other random class.

    The ratio is of that class, not of the set; in a mixture, of those of its samples that no
    other glitch has touched. Classes too small to lose one sample are not drawn.
    """

    kind: ClassVar[str] = "label_error"

    def inject(self, train: Contaminated, name: str, injection: Injection) -> Contaminated:
        """The set with wrong labels; samples stay."""
        classes = train.data.n_classes
        if classes < 2:
            raise UserError(f"{name} needs at least 2 classes, however: {classes}")
        rows = train.clean_rows
        sizes = np.bincount(train.data.y[rows], minlength=classes)
        eligible = [c for c in range(classes) if share_of(injection.ratio, sizes[c])]
        if not eligible:
            raise UserError(
                f"{name} at ratio {injection.ratio:g} is less than one sample of each class: the "
                f"largest has {sizes.max()}"
            )
        source = injection.rng.choice(eligible)
        target = (source + injection.rng.integers(1, classes)) % classes
        rows = injection.rng.choice(
            rows[train.data.y[rows] == source],
            share_of(injection.ratio, sizes[source]),
            replace=False,
        )
        return train.relabelled(rows, target).marked(rows, name)
