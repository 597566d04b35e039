"""Glitches that the user's own data are known to have: nothing is injected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from common.errors import UserError
from glitches.base import Glitch, Injection
from glitches.contaminated import NO_TRUE_LABEL, Contaminated


@dataclass(frozen=True)
class KnownGlitches(Glitch):
    """Enters the user's marks in the error table.

    The ratio is what the marks make it. True labels of marked samples are not known.
    """

    kind: ClassVar[str] = "known"
    takes_ratio: ClassVar[bool] = False

    def inject(self, train: Contaminated, name: str, injection: Injection) -> Contaminated:
        """The set itself."""
        marks = train.data.known_glitch
        if marks is None:
            raise UserError(
                f"{name} needs marks, however {train.data.name!r} has none: name their column "
                "with known_glitch"
            )
        if not marks.any():
            raise UserError(f"{name}: {train.data.name!r} marks no sample of the training set")
        true_label = np.where(marks, NO_TRUE_LABEL, train.true_label)
        marked = train.marked(np.flatnonzero(marks), name)
        return Contaminated(marked.data, marked.glitch, true_label)
