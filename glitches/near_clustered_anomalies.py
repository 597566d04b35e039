"""Near-clustered anomalies (paper, section 2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from common.dataset import Modality
from common.errors import UserError
from glitches.base import Glitch, Injection, Phase
from glitches.contaminated import Contaminated
from glitches.counts import at_least_one, share_beside


@dataclass(frozen=True)
class NearClusteredAnomalies(Glitch):
    """Turns one random class into a rare event.

    Among the classes whose natural share exceeds the ratio one is drawn and downsampled until it
    makes up ``ratio`` of the training set; what remains of it are the anomalies.
    """

    kind: ClassVar[str] = "rare_cluster"
    modalities: ClassVar[frozenset[Modality]] = frozenset({"tabular"})

    @property
    def phase(self) -> Phase:
        """Samples of one class go."""
        return "remove"

    def inject(self, train: Contaminated, name: str, injection: Injection) -> Contaminated:
        """The set without most samples of one class; labels stay."""
        y, names = train.data.y, train.data.class_names
        sizes = np.bincount(y, minlength=len(names))
        eligible = np.flatnonzero(sizes > injection.ratio * len(y))
        if len(eligible) == 0 or len(names) < 2:
            shares = ", ".join(
                f"{label} {size / len(y):.3g}" for label, size in zip(names, sizes, strict=True)
            )
            raise UserError(
                f"{name} needs at least 2 classes and one whose share exceeds "
                f"{injection.ratio:g}, however the shares are: {shares}"
            )
        rare = injection.rng.choice(eligible)
        others = np.flatnonzero(y != rare)
        count = at_least_one(
            share_beside(injection.ratio, len(others)), name, injection.ratio, len(y)
        )
        kept = injection.rng.choice(np.flatnonzero(y == rare), count, replace=False)
        marked = train.marked(kept, name)
        return marked.take(np.sort(np.concatenate([others, kept])))
