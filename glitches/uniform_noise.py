"""Uniform class noise (paper, section 2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from common.errors import UserError
from glitches.base import Glitch, Injection
from glitches.contaminated import Contaminated
from glitches.counts import at_least_one, share_of


@dataclass(frozen=True)
class UniformNoise(Glitch):
    """Gives ⌊ratio · n⌋ samples a different label each, uniformly among the other classes."""

    kind: ClassVar[str] = "label_error"

    def inject(self, train: Contaminated, name: str, injection: Injection) -> Contaminated:
        """The set with wrong labels; samples stay."""
        classes = train.data.n_classes
        if classes < 2:
            raise UserError(f"{name} needs at least 2 classes, however: {classes}")
        count = at_least_one(
            share_of(injection.ratio, len(train)), name, injection.ratio, len(train)
        )
        rows = injection.rng.choice(train.clean_rows, count, replace=False)
        steps = injection.rng.integers(1, classes, count)
        return train.relabelled(rows, (train.data.y[rows] + steps) % classes).marked(rows, name)
