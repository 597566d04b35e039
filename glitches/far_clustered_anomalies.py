"""Far-clustered anomalies (paper, section 2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from common.dataset import Modality
from common.errors import UserError
from glitches.adding import drawn_from_one_class, with_added
from glitches.base import Glitch, Injection, Phase
from glitches.contaminated import NO_TRUE_LABEL, Contaminated


@dataclass(frozen=True)
class FarClusteredAnomalies(Glitch):
    """Adds samples of one random class of another dataset, all with one random label of this one.

    ``source_index`` of the added samples is their position in the foreign dataset.
    """

    kind: ClassVar[str] = "foreign_cluster"
    modalities: ClassVar[frozenset[Modality]] = frozenset({"image"})
    uses_foreign: ClassVar[bool] = True

    @property
    def phase(self) -> Phase:
        """Samples of another dataset come."""
        return "add"

    def inject(self, train: Contaminated, name: str, injection: Injection) -> Contaminated:
        """The set with the foreign samples at its end, resized and channel-matched."""
        foreign = injection.donors.foreign
        if foreign is None:
            raise UserError(
                f"{name} needs a foreign dataset, however {train.data.name!r} names none"
            )
        donors = drawn_from_one_class(train, name, injection, foreign)
        unknown = np.full(len(donors), NO_TRUE_LABEL, np.int64)
        return with_added(train, name, injection, donors, unknown)
