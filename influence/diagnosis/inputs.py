"""Training and validation samples side by side, as the parts of a diagnosis look at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from influence.evidence import Evidence
from influence.features import content_order

FAR = 10.0  # deviations; beyond, how far says nothing more
LEAST_SPREAD = 0.1  # of the block's mean deviation: columns that hardly vary do not shout
NARROW = 128
COMPONENTS = 30

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """One matrix of training samples (n, d) and one of validation samples (m, d)."""

    train: Floats
    validation: Floats

    def rows(self, train: NDArray[np.bool_], validation: NDArray[np.bool_]) -> Pair:
        """The chosen rows of each."""
        return Pair(self.train[train], self.validation[validation])


@dataclass(frozen=True)
class Views:
    """What a diagnosis compares; rows in an order that depends on content alone.

    Attributes:
        stages: each stage of the backbone (for models from scratch the input), every column in
            deviations of the validation samples.
        last: inputs of the last layer at the last checkpoint, likewise.
        labels, validation_labels: given ones, (n,) and (m,).
        n_classes: C.
        order: training rows of the evidence in the order of the views.
    """

    stages: tuple[Pair, ...]
    last: Pair
    labels: Labels
    validation_labels: Labels
    n_classes: int
    order: Labels

    def restore(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values of training samples, (n, ...), in the order of the evidence."""
        out = np.empty_like(values)
        out[self.order] = values
        return out


def views(evidence: Evidence) -> Views:
    """The views of an evidence. Labels take no part in them, but for the order of equal rows."""
    train, validation = evidence.stages
    trace = evidence.trace
    names = sorted(train)
    order = content_order(np.hstack([train[name] for name in names]), evidence.labels)
    validation_order = content_order(
        np.hstack([validation[name] for name in names]), evidence.validation_labels
    )
    return Views(
        tuple(in_deviations(train[s][order], validation[s][validation_order]) for s in names),
        in_deviations(trace.train.inputs[-1][order], trace.validation.inputs[-1][validation_order]),
        evidence.labels[order],
        evidence.validation_labels[validation_order],
        evidence.n_classes,
        order,
    )


def beside(blocks: Sequence[Pair], *, alike: bool = False) -> Pair:
    """The blocks in one matrix; ``alike``: each weighs the same in a distance, however wide."""
    weights = [block.train.shape[1] ** -0.5 if alike else 1.0 for block in blocks]
    return Pair(
        np.hstack([np.float32(w) * b.train for w, b in zip(weights, blocks, strict=True)]),
        np.hstack([np.float32(w) * b.validation for w, b in zip(weights, blocks, strict=True)]),
    )


def narrow(blocks: Sequence[Pair]) -> Pair:
    """The blocks of few columns in one matrix, or all where none is narrow."""
    return beside([b for b in blocks if b.train.shape[1] <= NARROW] or list(blocks))


def compressed(pair: Pair, components: int, *, whiten: bool = False) -> Pair:
    """Principal components of both sets together."""
    both = np.vstack([pair.train, pair.validation])
    kept = min(components, *both.shape)
    pca = PCA(kept, whiten=whiten, svd_solver="randomized", random_state=0).fit(both)
    parts = pca.transform(both).astype(np.float32)
    return Pair(parts[: len(pair.train)], parts[len(pair.train) :])


def with_products(pair: Pair) -> Pair:
    """Columns and all products of two of their first principal components."""
    parts = compressed(pair, COMPONENTS, whiten=True)
    first, second = np.triu_indices(parts.train.shape[1])

    def joined(x: Floats, z: Floats) -> Floats:
        return np.hstack([x, (z[:, first] * z[:, second]).clip(-FAR / 2, FAR / 2)])

    return Pair(joined(pair.train, parts.train), joined(pair.validation, parts.validation))


def in_deviations(train: NDArray[np.floating], validation: NDArray[np.floating]) -> Pair:
    """Every column in deviations of the validation samples."""
    centre = validation.mean(axis=0, dtype=np.float64)
    spread = validation.std(axis=0, dtype=np.float64)
    spread = np.maximum(spread, LEAST_SPREAD * (spread.mean() or 1.0))
    scaled = [((x - centre) / spread).clip(-FAR, FAR) for x in (train, validation)]
    return Pair(*(x.astype(np.float32) for x in scaled))
