"""Far-clustered anomalies (paper, section 2.2)."""

from __future__ import annotations

from dataclasses import dataclass

from common.errors import UserError
from glitches.adding import with_added
from glitches.base import Glitch, Injection
from glitches.contaminated import Contaminated


@dataclass(frozen=True)
class FarClusteredAnomalies(Glitch):
    """Adds samples of one random class of the foreign dataset, all with one random label of this
    one.

    ``source_index`` of the added samples is their position in the foreign dataset.
    """

    kind = "foreign_cluster"
    modalities = frozenset({"image"})
    uses_foreign = True
    phase = "add"

    def inject(self, train: Contaminated, injection: Injection) -> Contaminated:
        """The set with the foreign samples at its end, in its image size and channels."""
        donors = injection.donors.foreign
        if donors is None:
            raise UserError(
                f"{injection.name} needs a foreign dataset, but {train.data.name!r} names none"
            )
        return with_added(train, injection, donors, foreign=True)
