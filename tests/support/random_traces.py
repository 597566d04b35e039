"""Random traces, and their profiles by the n × m matrix in double precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from influence.profile import Profile
from influence.trace import Samples, Trace


@dataclass(frozen=True)
class Shape:
    """Sizes of a random trace."""

    n: int = 37
    m: int = 23
    d: int = 5
    classes: int = 3
    epochs: int = 3


def random_trace(  # noqa: PLR0913  # every property of a trace that the engine looks at
    shape: Shape,
    dtype: type[np.floating] = np.float64,
    *,
    constant: bool = False,
    bias: bool = True,
    sharpness: float = 2.0,
    seed: int = 0,
) -> Trace:
    """A trace of normal inputs and logits.

    Args:
        shape: sizes.
        dtype: of inputs and logits.
        constant: one array of inputs for all epochs, as a frozen body leaves it.
        bias: whether the last layer has one.
        sharpness: standard deviation of the logits.
        seed: of everything.
    """
    rng = np.random.default_rng(seed)

    def samples(count: int) -> Samples:
        drawn = rng.standard_normal((shape.epochs, count, shape.d)).astype(dtype)
        inputs = [drawn[0]] * shape.epochs if constant else list(drawn)
        logits = sharpness * rng.standard_normal((shape.epochs, count, shape.classes))
        return Samples(inputs, logits.astype(dtype), rng.integers(0, shape.classes, count))

    rates = rng.uniform(0.01, 0.2, shape.epochs)
    return Trace(samples(shape.n), samples(shape.m), rates, bias)


def dense_influence(
    trace: Trace, labels: NDArray[np.int64] | None = None, magnitude: bool = False
) -> NDArray[np.float64]:
    """I_t(i → j), (T, n, m) float64; with ``magnitude`` every factor by its absolute value."""
    delta = trace.train.residuals(labels).astype(np.float64)
    delta_validation = trace.validation.residuals().astype(np.float64)
    h = np.stack(trace.train.inputs).astype(np.float64)
    h_validation = np.stack(trace.validation.inputs).astype(np.float64)
    if magnitude:
        h, h_validation, delta, delta_validation = map(
            np.abs, (h, h_validation, delta, delta_validation)
        )
    influence: NDArray[np.float64] = (
        trace.learning_rates[:, None, None]
        * np.einsum("tic,tjc->tij", delta, delta_validation)
        * (np.einsum("tid,tjd->tij", h, h_validation) + trace.bias)
    )
    return influence


def dense_profile(
    trace: Trace,
    labels: NDArray[np.int64] | None = None,
    epochs: Sequence[int] | None = None,
) -> Profile:
    """What :func:`influence.estimators.exact.exact_profile` must return."""
    rows = [t - 1 for t in epochs or range(1, trace.epochs + 1)]
    influence = with_sum(dense_influence(trace, labels)[rows])
    members = np.eye(trace.n_classes)[trace.validation.labels]
    delta = trace.train.residuals(labels).astype(np.float64)[rows]
    h = np.stack(trace.train.inputs).astype(np.float64)[rows]
    own = trace.learning_rates[rows, None] * np.square(delta).sum(2)
    own = own * (np.square(h).sum(2) + trace.bias)
    return Profile(
        with_sum(own),
        np.maximum(influence, 0) @ members,
        np.minimum(influence, 0) @ members,
        members.sum(0).astype(np.int64),
    )


def with_sum(per_epoch: NDArray[np.float64]) -> NDArray[np.float64]:
    """The epochs and their sum."""
    return np.concatenate([per_epoch, per_epoch.sum(0, keepdims=True)])
