"""What a glitch is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from common.dataset import Dataset, Modality
from glitches.contaminated import Contaminated

Phase = Literal["remove", "add", "alter"]
PHASES: tuple[Phase, ...] = ("remove", "add", "alter")


@dataclass(frozen=True)
class Corrupted:
    """Published corrupted images of a dataset, by one corruption at one severity.

    Attributes:
        training: corrupted versions of its training images, with their ``source_index``; ``None``
            where none are published.
        spare: corrupted images that are not trained on otherwise.
    """

    training: Dataset | None
    spare: Dataset


@dataclass(frozen=True)
class Donors:
    """Where glitches may take samples from, beside the training set.

    Attributes:
        foreign: the dataset that far-clustered anomalies come from, if there is one.
        spare: gives samples of the same dataset that are neither trained on nor validated with.
        published: gives published corrupted images of the dataset, by corruption and severity
            (``None``: the default one).
    """

    foreign: Dataset | None = None
    spare: Callable[[], Dataset] | None = None
    published: Callable[[str, int | None], Corrupted] | None = None


NO_DONORS = Donors()


@dataclass(frozen=True)
class Injection:
    """What a glitch may use beside the set itself.

    Attributes:
        ratio: share of glitched samples asked for, in (0, 0.5].
        rng: the seeded generator of the injection; no other source of chance is allowed.
        donors: where samples may be taken from.
    """

    ratio: float
    rng: np.random.Generator
    donors: Donors = NO_DONORS


class Glitch(ABC):
    """One kind of data glitch. Implementations are frozen dataclasses; their fields are options.

    Attributes:
        kind: the kind that a characterization should name.
        modalities: the modalities that it fits.
        takes_ratio: whether the trial's ratio says how many samples it makes.
        uses_foreign: whether it needs ``Donors.foreign``.
    """

    kind: ClassVar[str]
    modalities: ClassVar[frozenset[Modality]] = frozenset({"image", "tabular"})
    takes_ratio: ClassVar[bool] = True
    uses_foreign: ClassVar[bool] = False

    @property
    def phase(self) -> Phase:
        """Mixtures apply ``remove`` before ``add`` before ``alter``, so that shares of the final
        set stay exact."""
        return "alter"

    @property
    def published(self) -> tuple[str, int | None] | None:
        """Corruption and severity of the published files that it needs, if it does."""
        return None

    @abstractmethod
    def inject(self, train: Contaminated, name: str, injection: Injection) -> Contaminated:
        """The set with this glitch in it, entered in the error table under ``name``.

        Only rows that are still clean may be touched. The order of rows is free: the caller
        shuffles. Raises ``UserError`` where the set does not allow it.
        """
