"""The trace of a training: what the influence of the last layer is computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

from common.errors import UserError


@dataclass(frozen=True)
class Samples:
    """One set of samples as the last layer saw it at each checkpoint, in eval mode.

    Attributes:
        inputs: the inputs of the last layer at each epoch, each (n, d) float32. If they never
            change (only the classifier is trained), every entry is the same array object.
        logits: outputs of the last layer, (T, n, C) float32.
        labels: the given labels, (n,) int64.
    """

    inputs: Sequence[NDArray[np.float32]]
    logits: NDArray[np.float32]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.int64]) -> Samples:
        """The samples of these rows, in this order."""
        taken = {id(h): h[rows] for h in self.inputs}
        return Samples([taken[id(h)] for h in self.inputs], self.logits[:, rows], self.labels[rows])

    @cached_property
    def probabilities(self) -> NDArray[np.float32]:
        """Softmax outputs, (T, n, C)."""
        return np.asarray(softmax(self.logits, axis=2))

    def residuals(self, labels: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """Softmax minus one-hot under ``labels`` (default: the given ones), (T, n, C).

        This is the gradient of the cross-entropy with respect to the logits. Other labels need no
        forward pass, since they only change the one-hot part.
        """
        used = self.labels if labels is None else np.asarray(labels)
        if used.shape != self.labels.shape:
            raise UserError(f"labels must have shape {self.labels.shape}, got {used.shape}")
        if len(used) and not 0 <= used.min() <= used.max() < self.logits.shape[2]:
            raise UserError(
                f"labels must lie in 0..{self.logits.shape[2] - 1}, got {used.min()}..{used.max()}"
            )
        out = self.probabilities.copy()
        own = (slice(None), np.arange(len(used)), used)
        out[own] = 0.0
        # minus the sum of the other probabilities: probability minus one would lose all digits
        # for a well-learned sample
        out[own] = -out.sum(axis=2)
        return out

    @cached_property
    def losses(self) -> NDArray[np.float64]:
        """Cross-entropy of each sample under its given label, (T, n)."""
        log_p = log_softmax(self.logits.astype(np.float64), axis=2)
        return np.asarray(-log_p[:, np.arange(len(self)), self.labels])

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """Whether the model predicts the given label, (T, n)."""
        return np.asarray(self.logits.argmax(axis=2) == self.labels)


@dataclass(frozen=True)
class Trace:
    """Checkpoints at the end of each of T epochs, seen through the last layer.

    The gradient of sample i at the last layer is residual_i ⊗ [input_i; 1], hence
    I_t(i → j) = η_t ⟨residual_i, residual_j⟩ (⟨input_i, input_j⟩ + 1), bias included
    (paper, section 3; TracInCP of Pruthi et al. 2020, without the constant 1/|B|).

    Attributes:
        train, validation: n and m samples.
        learning_rates: η_t, (T,) float64.
        bias: whether the last layer has one; without it the "+ 1" above is dropped.

    Raises:
        UserError: the numbers of epochs differ, there are fewer than two logits, or a logit is not
            finite.
    """

    train: Samples
    validation: Samples
    learning_rates: NDArray[np.float64]
    bias: bool = True

    def __post_init__(self) -> None:
        epochs = len(self.learning_rates)
        for part, samples in (("train", self.train), ("validation", self.validation)):
            found = (len(samples.inputs), len(samples.logits))
            if found != (epochs, epochs):
                raise UserError(
                    f"trace: {part} must have one epoch of inputs and of logits for each of the "
                    f"{epochs} learning rates, got {found[0]} and {found[1]}"
                )
            if samples.logits.shape[2] < 2:
                raise UserError(
                    "trace: cross-entropy needs one logit per class, at least 2, got "
                    f"{samples.logits.shape[2]}"
                )
            if not np.isfinite(samples.logits).all():
                bad = int(np.flatnonzero(~np.isfinite(samples.logits).all(axis=(1, 2)))[0])
                raise UserError(f"trace: {part} logits of epoch {bad + 1} are not finite")

    @property
    def epochs(self) -> int:
        return len(self.learning_rates)

    @property
    def n_classes(self) -> int:
        return int(self.train.logits.shape[2])
