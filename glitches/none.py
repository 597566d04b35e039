"""No glitch: the clean training set, for comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from glitches.base import Glitch, Injection
from glitches.contaminated import CLEAN, Contaminated


@dataclass(frozen=True)
class NoGlitch(Glitch):
    """Leaves the set as it is."""

    kind: ClassVar[str] = CLEAN
    takes_ratio: ClassVar[bool] = False

    def inject(self, train: Contaminated, name: str, injection: Injection) -> Contaminated:
        """The set itself."""
        return train
