"""What a trial injects: one glitch or a mixture of several."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, isclose

import numpy as np

from common.dataset import Dataset, Modality
from common.errors import UserError
from glitches.base import NO_DONORS, PHASES, Donors, Glitch, Injection
from glitches.contaminated import Contaminated

MAX_RATIO = 0.5


@dataclass(frozen=True)
class Part:
    """One glitch of a plan.

    Attributes:
        name: the registered name with the options that differ from their defaults; the error
            table says it of each sample.
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

    Parts that remove samples go before those that add some, and these before those that alter
    samples in place: only then can each part know how large the final set will be.
    """

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        order = sorted(self.parts, key=lambda part: (PHASES.index(part.glitch.phase), part.name))
        object.__setattr__(self, "parts", tuple(order))
        if len(self.parts) == 1:
            if self.parts[0].share is not None:
                raise UserError(f"{self} is no mixture: its share is the trial's ratio")
            return
        names = [part.name for part in self.parts]
        for part in self.parts:
            if not part.glitch.takes_ratio:
                raise UserError(f"mixture {self}: {part.name!r} cannot be in a mixture")
            if names.count(part.name) > 1:
                raise UserError(f"mixture {self}: {part.name!r} is named twice")
            if part.share is not None and not 0 < part.share <= MAX_RATIO:
                raise UserError(
                    f"mixture {self}: shares must lie in (0, {MAX_RATIO}], however: {part.share:g}"
                )
        if sum(part.glitch.phase == "remove" for part in self.parts) > 1:
            raise UserError(f"mixture {self}: at most one part may remove samples")
        if 0 < sum(part.share is None for part in self.parts) < len(self.parts):
            raise UserError(f"mixture {self}: give a share to all parts or to none")
        if self.total is not None and self.total > MAX_RATIO:
            raise UserError(
                f"mixture {self}: shares must sum to at most {MAX_RATIO}, however: {self.total:g}"
            )

    def __str__(self) -> str:
        """The canonical text, which :func:`glitches.parse.parse_glitch` reads back."""
        return "+".join(map(str, self.parts))

    @property
    def takes_ratio(self) -> bool:
        """Whether the trial's ratio says how many samples are glitched."""
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
        """The ratio that explicit shares sum to; ``None`` where any ratio will do."""
        shares = [part.share for part in self.parts if part.share is not None]
        return round(fsum(shares), 12) if shares else None

    def modalities(self) -> list[tuple[str, frozenset[Modality]]]:
        """Per part what it is, for a message, and the modalities that it fits."""
        return [(f"glitch {part.name!r}", part.glitch.modalities) for part in self.parts]

    def check_ratio(self, ratio: float) -> None:
        """Raise ``UserError`` unless this plan can be injected at ``ratio``."""
        if not self.takes_ratio:
            return
        if not 0 < ratio <= MAX_RATIO:
            raise UserError(f"ratio must lie in (0, {MAX_RATIO}], however: {ratio}")
        if self.total is not None and not isclose(self.total, ratio, rel_tol=1e-9):
            raise UserError(
                f"the shares of mixture {self} sum to {self.total:g}, which must be the ratio, "
                f"however: {ratio:g}"
            )

    def inject(
        self,
        train: Dataset,
        ratio: float,
        rng: np.random.Generator,
        donors: Donors = NO_DONORS,
    ) -> Contaminated:
        """The contaminated training set, shuffled so that position never tells.

        Args:
            train: the clean training set.
            ratio: share of glitched samples in the contaminated set, in (0, 0.5].
            rng: the only source of chance.
            donors: where samples may be taken from, beside ``train``.
        """
        self.check_ratio(ratio)
        shares = [ratio / len(self.parts) if p.share is None else p.share for p in self.parts]
        growth = [
            share if part.glitch.phase == "add" else 0.0
            for part, share in zip(self.parts, shares, strict=True)
        ]
        current = Contaminated.clean(train)
        for position, (part, share) in enumerate(zip(self.parts, shares, strict=True)):
            share_now = share / (1 - fsum(growth[position + 1 :]))
            injection = Injection(share_now, rng, donors)
            current = part.glitch.inject(current, part.name, injection)
        return current.shuffled(rng)
