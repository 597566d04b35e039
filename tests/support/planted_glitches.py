"""Gaussian classes with planted glitches, as evidence for a diagnosis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from influence.evidence import Evidence
from influence.profile import Profile
from influence.trace import Samples, Trace

CLASSES, WIDTH, N, M = 4, 12, 800, 400


class Planted:
    """Gaussian classes; what is planted is known to the test alone."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.centres = self.rng.normal(size=(CLASSES, WIDTH)) * 2.0
        self.y = np.arange(N) % CLASSES
        self.x = self.sampled(self.y)
        self.reference = np.arange(M) % CLASSES
        self.reference_x = self.sampled(self.reference)
        self.kind = np.full(N, "clean", dtype=object)

    def sampled(self, y: NDArray[np.int64]) -> NDArray[np.float64]:
        return self.centres[y] + self.rng.normal(size=(len(y), WIDTH))

    def uniform_noise(self, rows: NDArray[np.int64]) -> Planted:
        self.y[rows] = (self.y[rows] + self.rng.integers(1, CLASSES, len(rows))) % CLASSES
        self.kind[rows] = "label_error"
        return self

    def flips(self, count: int) -> Planted:
        rows = np.flatnonzero(self.y == 1)[:count]
        self.y[rows] = 2
        self.kind[rows] = "label_error"
        return self

    def foreign(self, rows: NDArray[np.int64]) -> Planted:
        self.x[rows] = 8.0 * self.rng.normal(size=WIDTH) + self.rng.normal(size=(len(rows), WIDTH))
        self.y[rows] = 3
        self.kind[rows] = "foreign_cluster"
        return self

    def corrupted(self, rows: NDArray[np.int64]) -> Planted:
        self.x[rows, :3] += 12.0
        self.kind[rows] = "corrupted"
        return self

    def rare(self, left: int) -> Planted:
        rows = np.flatnonzero(self.y == 0)
        kept = np.sort(np.setdiff1d(np.arange(N), rows[left:]))
        self.x, self.y, self.kind = self.x[kept], self.y[kept], self.kind[kept]
        self.kind[self.y == 0] = "rare_cluster"
        return self

    def evidence(self) -> Evidence:
        return evidence_of(self.x, self.y, self.reference_x, self.reference, CLASSES)


def evidence_of(
    x: NDArray[np.floating],
    y: NDArray[np.int64],
    reference_x: NDArray[np.floating],
    reference: NDArray[np.int64],
    n_classes: int,
) -> Evidence:
    """These samples as evidence: one checkpoint, features as input and as last-layer input; neither
    influence nor logits."""
    h, g = x.astype(np.float32), reference_x.astype(np.float32)
    trace = Trace(
        Samples([h], np.zeros((1, len(y), n_classes), np.float32), y),
        Samples([g], np.zeros((1, len(reference), n_classes), np.float32), reference),
        np.array([0.1]),
    )
    nothing = np.zeros((2, len(h), n_classes))
    counts = np.bincount(reference, minlength=n_classes)
    profile = Profile(nothing[..., 0], nothing, nothing, counts)
    return Evidence(
        full_profile=profile,
        profile=profile.cumulative,
        labels=y,
        validation_labels=reference,
        n_classes=n_classes,
        _trace=trace,
        _stages=lambda: ({"input": h}, {"input": g}),
    )


SHUFFLED = np.random.default_rng(9).permutation(N)
ROWS, MORE, YET_MORE = SHUFFLED[:80], SHUFFLED[80:120], SHUFFLED[120:200]
