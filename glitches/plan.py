"""What a trial injects: one glitch or a mixture of several."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, isclose

import numpy as np

from common.dataset import Dataset, Modality
from common.errors import UserError
from glitches.base import Donors, Glitch, Injection
from glitches.contaminated import Contaminated

MAX_RATIO = 0.5


@dataclass(frozen=True)
class Part:
    """One glitch of a plan.

    Attributes:
        name: the registered name with the options that differ from their defaults, as the error
            table names the glitch of a sample.
        glitch: the glitch with its options.
        share: share of the final training set, or ``None`` for an equal part of the ratio.
    """

    name: str
    glitch: Glitch
    share: float | None = None

    def __str__(self) -> str:
        return self.name if self.share is None else f"{self.name}:{self.share}"


@dataclass(frozen=True)
class GlitchPlan:
    """The glitches of a trial, in the order in which they are injected.

    Attributes:
        parts: sorted by phase and name; one, or several for a mixture.
    """

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        if len(self.parts) > 1:
            self._check_mixture()
        elif self.parts[0].share is not None:
            raise UserError(f"{self} is not a mixture: its share is the ratio of the trial")

    def _check_mixture(self) -> None:
        names = [part.name for part in self.parts]
        shares = [part.share for part in self.parts if part.share is not None]
        for part in self.parts:
            if not part.glitch.takes_ratio:
                raise UserError(f"mixture {self}: {part.name!r} cannot be in a mixture")
            if names.count(part.name) > 1:
                raise UserError(f"mixture {self}: {part.name!r} is named twice")
        for share in shares:
            if not 0 < share <= MAX_RATIO:
                raise UserError(f"mixture {self}: shares must be in (0, {MAX_RATIO}], got {share}")
        if sum(part.glitch.phase == "remove" for part in self.parts) > 1:
            raise UserError(f"mixture {self}: at most one part may remove samples")
        if len(shares) not in (0, len(self.parts)):
            raise UserError(f"mixture {self}: give a share to all parts or to none")
        if self.total is not None and self.total > MAX_RATIO:
            raise UserError(
                f"mixture {self}: shares must sum to at most {MAX_RATIO}, got {self.total:g}"
            )

    def __str__(self) -> str:
        """The canonical text, which :func:`glitches.parse.parse_glitch` reads back."""
        return "+".join(map(str, self.parts))

    @property
    def takes_ratio(self) -> bool:
        """Whether the ratio of the trial sets how many samples are glitched."""
        return any(part.glitch.takes_ratio for part in self.parts)

    @property
    def uses_foreign(self) -> bool:
        """Whether samples of another dataset are needed."""
        return any(part.glitch.uses_foreign for part in self.parts)

    def published(self) -> list[tuple[str, int | None]]:
        """Corruptions and severities of the published files that are needed."""
        return [part.glitch.published for part in self.parts if part.glitch.published is not None]

    @property
    def total(self) -> float | None:
        """The ratio that explicit shares sum to; ``None`` without explicit shares."""
        shares = [part.share for part in self.parts if part.share is not None]
        return round(fsum(shares), 12) if shares else None

    def modalities(self) -> list[tuple[str, frozenset[Modality]]]:
        """A description of each part, for messages, and the modalities that it applies to."""
        return [(f"glitch {part.name!r}", part.glitch.modalities) for part in self.parts]

    def check_ratio(self, ratio: float) -> None:
        """Raise ``UserError`` unless this plan can be injected at ``ratio``."""
        if not self.takes_ratio:
            return
        if not 0 < ratio <= MAX_RATIO:
            raise UserError(f"ratio must be in (0, {MAX_RATIO}], got {ratio}")
        if self.total is not None and not isclose(self.total, ratio, rel_tol=1e-9):
            raise UserError(
                f"ratio must be {self.total:g}, the sum of the shares of mixture {self}, "
                f"got {ratio:g}"
            )

    def inject(
        self, train: Dataset, ratio: float, rng: np.random.Generator, donors: Donors | None = None
    ) -> Contaminated:
        """The contaminated training set, shuffled so that position reveals nothing.

        Args:
            train: the clean training set.
            ratio: share of glitched samples in the contaminated set, in (0, 0.5].
            rng: the only source of randomness.
            donors: where samples may be taken from, apart from ``train``.
        """
        self.check_ratio(ratio)
        shares = [ratio / len(self.parts) if p.share is None else p.share for p in self.parts]
        added = [
            share if part.glitch.phase == "add" else 0.0
            for part, share in zip(self.parts, shares, strict=True)
        ]
        current = Contaminated.clean(train)
        for position, (part, share) in enumerate(zip(self.parts, shares, strict=True)):
            # a share of the final set is a larger share of the set that others are yet added to
            share_now = share / (1 - fsum(added[position + 1 :]))
            injection = Injection(part.name, share_now, rng, donors or Donors())
            current = part.glitch.inject(current, injection)
        return current.shuffled(rng)
