"""Uniform class noise (paper, section 2.1)."""

from __future__ import annotations

from dataclasses import dataclass

from common.errors import UserError
from glitches.base import Glitch, Injection
from glitches.contaminated import Contaminated
from glitches.outliers import rows_to_alter


@dataclass(frozen=True)
class UniformNoise(Glitch):
    """Gives ⌊ratio · n⌋ samples a different label each, uniformly among the other classes."""

    kind = "label_error"

    def inject(self, train: Contaminated, injection: Injection) -> Contaminated:
        """The set with wrong labels; samples stay."""
        classes = train.data.n_classes
        if classes < 2:
            raise UserError(f"{injection.name} needs at least 2 classes, got {classes}")
        rows = rows_to_alter(train, injection)
        labels = (train.data.y[rows] + injection.rng.integers(1, classes, len(rows))) % classes
        return train.with_labels(rows, labels).marked(rows, injection.name)
