"""No glitch: the clean training set, for comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from common.data import Modality
from glitches.base import Injection, Phase
from glitches.contaminated import CLEAN, Contaminated


@dataclass(frozen=True)
class NoGlitch:
    """Leaves the set as it is."""

    kind: ClassVar[str] = CLEAN
    modalities: ClassVar[frozenset[Modality]] = frozenset({"image", "tabular"})
    phase: ClassVar[Phase] = "alter"
    uses_foreign: ClassVar[bool] = False

    def inject(self, train: Contaminated, name: str, injection: Injection) -> Contaminated:
        """The set itself."""
        return train
