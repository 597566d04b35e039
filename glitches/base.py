"""What a glitch is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np

from common.data import Dataset, Modality
from glitches.contaminated import Contaminated

Phase = Literal["remove", "add", "alter"]
PHASES: tuple[Phase, ...] = ("remove", "add", "alter")


@dataclass(frozen=True)
class Injection:
    """What a glitch may use beside the set itself.

    Attributes:
        ratio: share of glitched samples asked for, in (0, 0.5].
        rng: the seeded generator of the injection; no other source of chance is allowed.
        foreign: the dataset that far-clustered anomalies come from, if the dataset has one.
        spare: gives samples of the same dataset that are neither trained on nor validated with.
    """

    ratio: float
    rng: np.random.Generator
    foreign: Dataset | None = None
    spare: Callable[[], Dataset] | None = None


class Glitch(Protocol):
    """One kind of data glitch. Implementations are frozen dataclasses; their fields are options.

    Attributes:
        kind: the kind that a characterization should name.
        modalities: the modalities that it fits.
        phase: mixtures apply ``remove`` before ``add`` before ``alter``, so that shares of the
            final set stay exact. An option may decide it.
        uses_foreign: whether it needs ``Injection.foreign``.
    """

    kind: ClassVar[str]
    modalities: ClassVar[frozenset[Modality]]
    uses_foreign: ClassVar[bool]

    @property
    def phase(self) -> Phase: ...

    def inject(self, train: Contaminated, name: str, injection: Injection) -> Contaminated:
        """The set with this glitch in it, entered in the error table under ``name``.

        Only rows that are still clean may be touched. The order of rows is free: the caller
        shuffles. Raises ``UserError`` where the set does not allow it.
        """
        ...
