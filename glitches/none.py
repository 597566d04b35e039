"""No glitch."""

from __future__ import annotations

from dataclasses import dataclass

from glitches.base import Glitch, Injection
from glitches.contaminated import Contaminated


@dataclass(frozen=True)
class NoGlitch(Glitch):
    """Leaves the training set clean, for comparison."""

    kind = "clean"
    takes_ratio = False

    def inject(self, train: Contaminated, injection: Injection) -> Contaminated:
        """The set itself."""
        return train
