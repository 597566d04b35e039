"""Near-clustered anomalies (paper, section 2.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.errors import UserError
from glitches.base import Glitch, Injection
from glitches.contaminated import Contaminated
from glitches.counts import at_least_one, share_added


@dataclass(frozen=True)
class NearClusteredAnomalies(Glitch):
    """Downsamples one random class, of those whose share exceeds the ratio, until it makes up the
    ratio of the training set; the samples that remain of it are the anomalies.
    """

    kind = "rare_cluster"
    modalities = frozenset({"tabular"})
    phase = "remove"

    def inject(self, train: Contaminated, injection: Injection) -> Contaminated:
        """The set without most samples of one class; labels stay."""
        y, names = train.data.y, train.data.class_names
        sizes = np.bincount(y, minlength=len(names))
        eligible = np.flatnonzero(sizes > injection.ratio * len(y))
        if len(eligible) == 0 or len(names) < 2:
            shares = ", ".join(
                f"{label} {size / len(y):.3g}" for label, size in zip(names, sizes, strict=True)
            )
            raise UserError(
                f"{injection.name} needs at least 2 classes and one whose share exceeds "
                f"{injection.ratio:g}, got {shares}"
            )
        rare = injection.rng.choice(eligible)
        others = np.flatnonzero(y != rare)
        count = at_least_one(share_added(injection.ratio, len(others)), injection, len(y))
        kept = injection.rng.choice(np.flatnonzero(y == rare), count, replace=False)
        rows = np.sort(np.concatenate([others, kept]))
        return train.marked(kept, injection.name).take(rows)
