"""Features of training and reference samples, scaled for the parts of a diagnosis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from influence.diagnosis.config import InputConfig
from influence.evidence import Evidence
from influence.features import content_order

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class FeatureBlock:
    """The same features of the training samples, (n, d), and of the reference samples, (m, d); the
    groups of the training samples, (n,), if there are groups."""

    train: Floats
    reference: Floats
    groups: Labels | None = None

    def rows(self, train: Mask, reference: Mask) -> FeatureBlock:
        """The selected rows of both."""
        groups = None if self.groups is None else self.groups[train]
        return FeatureBlock(self.train[train], self.reference[reference], groups)

    def stacked(self) -> Floats:
        """Training samples, then reference samples, (n + m, d)."""
        return np.vstack([self.train, self.reference])


@dataclass(frozen=True)
class DiagnosisInputs:
    """What a diagnosis compares; rows in an order that depends on content alone.

    Attributes:
        stages: the backbone's stages (the input, for a model trained from scratch), standardised by
            the reference samples.
        last_layer: inputs of the last layer at the last checkpoint, likewise.
        labels, reference_labels: as given, (n,) and (m,).
        n_classes: C.
        order: row of the evidence for each training row here, (n,).
        groups: of the training samples, (n,), if there are groups.
    """

    stages: tuple[FeatureBlock, ...]
    last_layer: FeatureBlock
    labels: Labels
    reference_labels: Labels
    n_classes: int
    order: Labels
    groups: Labels | None = None


def diagnosis_inputs(evidence: Evidence, config: InputConfig) -> DiagnosisInputs:
    """The inputs of a diagnosis; the reference set is the evidence's validation set."""
    train, reference = evidence.stages
    trace = evidence.trace
    names = sorted(train)
    order = content_order(np.hstack([train[name] for name in names]), evidence.labels)
    reference_order = content_order(
        np.hstack([reference[name] for name in names]), evidence.validation_labels
    )
    groups = None if evidence.groups is None else evidence.groups[order]

    def block(x: NDArray[np.floating], z: NDArray[np.floating]) -> FeatureBlock:
        z = z[reference_order]
        return FeatureBlock(standardised(x[order], z, config), standardised(z, z, config), groups)

    return DiagnosisInputs(
        stages=tuple(block(train[name], reference[name]) for name in names),
        last_layer=block(trace.train.inputs[-1], trace.validation.inputs[-1]),
        labels=evidence.labels[order],
        reference_labels=evidence.validation_labels[reference_order],
        n_classes=evidence.n_classes,
        order=order,
        groups=groups,
    )


def standardised(
    x: NDArray[np.floating], reference: NDArray[np.floating], config: InputConfig
) -> Floats:
    """Each column of ``x`` in standard deviations of the reference around its mean, clipped."""
    mean = reference.mean(axis=0, dtype=np.float64)
    spread = reference.std(axis=0, dtype=np.float64)
    spread = np.maximum(spread, config.min_relative_spread * (spread.mean() or 1.0))
    scaled = ((x - mean) / spread).clip(-config.max_deviation, config.max_deviation)
    return np.asarray(scaled, dtype=np.float32)


def equally_weighted(blocks: Sequence[Floats]) -> Floats:
    """The blocks side by side, each scaled so that it weighs the same in a distance, whatever its
    width."""
    return np.hstack([np.float32(block.shape[1] ** -0.5) * block for block in blocks])


def concatenated(blocks: Sequence[FeatureBlock]) -> FeatureBlock:
    """The blocks side by side."""
    return FeatureBlock(
        np.hstack([block.train for block in blocks]),
        np.hstack([block.reference for block in blocks]),
        blocks[0].groups,
    )


def narrow(blocks: Sequence[FeatureBlock], config: InputConfig) -> FeatureBlock:
    """The narrow blocks side by side, or all blocks where none is narrow."""
    few = [block for block in blocks if block.train.shape[1] <= config.narrow_width]
    return concatenated(few or blocks)


def principal_components(x: Floats, number: int, *, whiten: bool = False) -> Floats:
    """The first principal components of the samples, (k, at most ``number``)."""
    pca = PCA(min(number, *x.shape), whiten=whiten, svd_solver="randomized", random_state=0)
    with np.errstate(invalid="ignore"):  # constant features have no variance to explain
        return np.asarray(pca.fit(x).transform(x), dtype=np.float32)


def with_products(block: FeatureBlock, config: InputConfig) -> FeatureBlock:
    """The features and all pairwise products of their first principal components."""
    z = principal_components(block.stacked(), config.product_components, whiten=True)
    first, second = np.triu_indices(z.shape[1])
    limit = config.max_deviation / 2
    x = np.hstack([block.stacked(), (z[:, first] * z[:, second]).clip(-limit, limit)])
    n = len(block.train)
    return FeatureBlock(x[:n], x[n:], block.groups)
