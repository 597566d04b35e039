"""Labels that people gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.errors import UserError
from glitches.base import Glitch, Injection
from glitches.contaminated import Contaminated


@dataclass(frozen=True)
class HumanLabels(Glitch):
    """Gives each sample a label drawn from what people answered for it, in published data that hold
    their answers (`cifar10n_...`, `cifar10h`); where there is one answer, that is the label.

    The answers determine the ratio: glitched are the samples whose label is not the true one.
    """

    kind = "label_error"
    takes_ratio = False

    def inject(self, train: Contaminated, injection: Injection) -> Contaminated:
        """The set with people's labels; samples stay."""
        votes = train.data.votes
        if votes is None:
            raise UserError(
                f"{injection.name} needs people's answers, but {train.data.name!r} has none"
            )
        up_to = votes.cumsum(axis=1)
        # the vote that is drawn, counted over the classes in their order
        drawn = injection.rng.integers(0, up_to[:, -1])
        labels = (up_to <= drawn[:, None]).sum(axis=1)
        wrong = np.flatnonzero(labels != train.data.y)
        return train.with_labels(wrong, labels[wrong]).marked(wrong, injection.name)
