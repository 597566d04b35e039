"""Glitches that the user has marked in their own data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.errors import UserError
from glitches.base import Glitch, Injection
from glitches.contaminated import NO_TRUE_LABEL, Contaminated


@dataclass(frozen=True)
class KnownGlitches(Glitch):
    """Enters the samples that you have marked in your own data; nothing is injected.

    The marks determine the ratio. The true labels of marked samples are not known.
    """

    kind = "known"
    takes_ratio = False

    def inject(self, train: Contaminated, injection: Injection) -> Contaminated:
        """The set itself."""
        marks = train.data.known_glitch
        if marks is None:
            raise UserError(
                f"{injection.name} needs marks, but {train.data.name!r} has none: name their "
                "column with known_glitch"
            )
        if not marks.any():
            raise UserError(
                f"{injection.name}: {train.data.name!r} marks no sample of the training set"
            )
        true_label = np.where(marks, NO_TRUE_LABEL, train.true_label)
        marked = train.marked(np.flatnonzero(marks), injection.name)
        return Contaminated(marked.data, marked.glitch, true_label)
