"""What a glitch is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from common.dataset import Dataset, Modality
from glitches.contaminated import Contaminated

Kind = Literal["clean", "label_error", "rare_cluster", "foreign_cluster", "corrupted", "known"]
Phase = Literal["remove", "add", "alter"]
PHASES: tuple[Phase, ...] = ("remove", "add", "alter")
"""The order within a mixture. The size of the set is final before samples are altered in place, so
that the share of each glitch is exact."""


@dataclass(frozen=True)
class Corrupted:
    """Published corrupted images of a dataset, by one corruption at one severity.

    Attributes:
        training: corrupted versions of its training images, with their ``source_index``; ``None``
            where none are published.
        spare: corrupted images whose originals are neither trained on nor validated with.
    """

    training: Dataset | None
    spare: Dataset


@dataclass(frozen=True)
class Donors:
    """Where a glitch may take samples from, apart from the training set.

    Attributes:
        foreign: the dataset that far-clustered anomalies come from, if there is one.
        spare: returns samples of the same dataset that are neither trained on nor validated with.
        published: returns published corrupted images of the dataset, by corruption and severity
            (``None``: the default severity).
    """

    foreign: Dataset | None = None
    spare: Callable[[], Dataset] | None = None
    published: Callable[[str, int | None], Corrupted] | None = None


@dataclass(frozen=True)
class Injection:
    """One injection of one glitch.

    Attributes:
        name: the glitch with its options, as the error table names it.
        ratio: requested share of glitched samples, in (0, 0.5].
        rng: seeded generator, the only source of randomness.
        donors: where samples may be taken from.
    """

    name: str
    ratio: float
    rng: np.random.Generator
    donors: Donors


class Glitch(ABC):
    """One kind of data glitch. Implementations are frozen dataclasses; their fields are options.

    Attributes:
        kind: the kind of problem that its samples are.
        modalities: the modalities that it applies to.
        takes_ratio: whether the ratio of the trial sets how many samples are glitched.
        uses_foreign: whether it needs ``Donors.foreign``.
    """

    kind: ClassVar[Kind]
    modalities: ClassVar[frozenset[Modality]] = frozenset({"image", "tabular"})
    takes_ratio: ClassVar[bool] = True
    uses_foreign: ClassVar[bool] = False

    @property
    def phase(self) -> Phase:
        """Whether it removes samples, adds some, or alters them in place."""
        return "alter"

    @property
    def published(self) -> tuple[str, int | None] | None:
        """Corruption and severity of the published files that it needs, if it needs any."""
        return None

    @abstractmethod
    def inject(self, train: Contaminated, injection: Injection) -> Contaminated:
        """The set with this glitch in it, entered in the error table.

        Only rows that are still clean may change. The order of rows is free, since the caller
        shuffles them. Raises ``UserError`` where the set does not allow the glitch.
        """
