"""A small synthetic training as evidence, with profiles from the definition, pair by pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from influence.evidence import Evidence
from influence.profile import Profile
from influence.trace import Samples, Trace

Floats = NDArray[np.float32]


def naive_profile(
    trace: Trace, labels: NDArray[np.int64] | None = None, epochs: Sequence[int] | None = None
) -> Profile:
    """The profile by its definition: the full influence matrix of each epoch, then its parts."""
    chosen = range(1, trace.epochs + 1) if epochs is None else epochs
    train = trace.train.residuals(labels).astype(np.float64)
    validation = trace.validation.residuals().astype(np.float64)
    pairs, own = [], []
    for t in (epoch - 1 for epoch in chosen):
        h = trace.train.inputs[t].astype(np.float64)
        g = trace.validation.inputs[t].astype(np.float64)
        rate = trace.learning_rates[t]
        pairs.append(rate * (train[t] @ validation[t].T) * (h @ g.T + trace.bias))
        own.append(rate * (train[t] ** 2).sum(axis=1) * ((h**2).sum(axis=1) + trace.bias))
    influence = np.stack([*pairs, np.sum(pairs, axis=0)])
    member = np.eye(trace.n_classes)[trace.validation.labels]
    return Profile(
        np.stack([*own, np.sum(own, axis=0)]),
        np.maximum(influence, 0) @ member,
        np.minimum(influence, 0) @ member,
        member.sum(axis=0).astype(np.int64),
    )


@dataclass(frozen=True)
class Training:
    """What evidence is made of, open to being permuted.

    Attributes:
        trace: of n training and m validation samples.
        train_stages, validation_stages: early stages by name.
        wrong: rows of the training set whose label was flipped; for tests, never in the evidence.
        seed: of the evidence.
    """

    trace: Trace
    train_stages: dict[str, NDArray[np.float32]]
    validation_stages: dict[str, NDArray[np.float32]]
    wrong: NDArray[np.int64]
    seed: int = 0

    def evidence(self) -> Evidence:
        trace = self.trace
        profile = naive_profile(trace)
        return Evidence(
            full_profile=profile,
            profile=profile.cumulative,
            labels=trace.train.labels,
            validation_labels=trace.validation.labels,
            n_classes=trace.n_classes,
            seed=self.seed,
            _trace=trace,
            _counterfactual=lambda labels, epochs: naive_profile(trace, labels, epochs),
            _stages=lambda: (self.train_stages, self.validation_stages),
        )

    def permuted(
        self,
        train: NDArray[np.int64] | None = None,
        validation: NDArray[np.int64] | None = None,
        classes: NDArray[np.int64] | None = None,
    ) -> Training:
        """The same training with samples in another order, or class c renamed to classes[c]."""
        train = np.arange(len(self.trace.train)) if train is None else train
        validation = np.arange(len(self.trace.validation)) if validation is None else validation
        classes = np.arange(self.trace.n_classes) if classes is None else classes
        return Training(
            replace(
                self.trace,
                train=_permuted(self.trace.train, train, classes),
                validation=_permuted(self.trace.validation, validation, classes),
            ),
            {name: stage[train] for name, stage in self.train_stages.items()},
            {name: stage[validation] for name, stage in self.validation_stages.items()},
            np.flatnonzero(np.isin(train, self.wrong)),
            self.seed,
        )

    def mapped(self, change: Callable[[Floats], Floats]) -> Training:
        """The same training with changed features: last-layer inputs and early stages."""
        changed = [
            replace(part, inputs=[change(h) for h in part.inputs])
            for part in (self.trace.train, self.trace.validation)
        ]
        return replace(
            self,
            trace=replace(self.trace, train=changed[0], validation=changed[1]),
            train_stages={name: change(stage) for name, stage in self.train_stages.items()},
            validation_stages={name: change(s) for name, s in self.validation_stages.items()},
        )


def _permuted(samples: Samples, rows: NDArray[np.int64], classes: NDArray[np.int64]) -> Samples:
    return Samples(
        [h[rows] for h in samples.inputs],
        samples.logits[:, rows][:, :, np.argsort(classes)],
        classes[samples.labels[rows]],
    )


def make_training(wrong: int = 9, seed: int = 0) -> Training:
    """Softmax regression on Gaussian classes, fitted by gradient descent to labels of which the
    first ``wrong`` were flipped; a checkpoint after each stretch of steps."""
    n, m, classes, epochs = 90, 45, 3, 4
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, 6)) * 2.5
    true = np.arange(n + m) % classes
    h = (centres[true] + rng.normal(size=(n + m, 6))).astype(np.float32)
    given = true[:n].copy()
    given[:wrong] = (given[:wrong] + 1) % classes
    labels, reference = given.astype(np.int64), true[n:].astype(np.int64)

    inputs = np.hstack([h, np.ones((n + m, 1))])
    weights = np.zeros((7, classes))
    logits = []
    for _ in range(epochs):
        for _ in range(5):
            z = inputs[:n] @ weights
            p = np.exp(z - z.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            weights -= 0.1 * inputs[:n].T @ (p - np.eye(classes)[labels]) / n
        logits.append(inputs @ weights)
    outputs = np.stack(logits).astype(np.float32)
    early = rng.normal(size=(n + m, 4)).astype(np.float32) + h[:, :1]
    return Training(
        Trace(
            Samples([h[:n]] * epochs, outputs[:, :n], labels),
            Samples([h[n:]] * epochs, outputs[:, n:], reference),
            np.full(epochs, 0.1),
        ),
        {"early": early[:n], "middle": 2 * early[:n, :2] + 1},
        {"early": early[n:], "middle": 2 * early[n:, :2] + 1},
        np.arange(wrong),
    )


def evidence_of_profile(
    positive: list[list[float]],
    negative: list[list[float]],
    labels: list[int],
    self_influence: list[float] | None = None,
    counterfactual: Profile | None = None,
) -> Evidence:
    """Evidence of one epoch whose profile is written down in the test; one validation sample of
    each class."""
    profile = profile_of(positive, negative, self_influence)
    n_classes = len(positive[0])
    return Evidence(
        full_profile=profile,
        profile=profile.cumulative,
        labels=np.array(labels),
        validation_labels=np.arange(n_classes),
        n_classes=n_classes,
        _counterfactual=None if counterfactual is None else lambda labels, epochs: counterfactual,
    )


def profile_of(
    positive: list[list[float]],
    negative: list[list[float]],
    self_influence: list[float] | None = None,
) -> Profile:
    """A profile of one epoch (which is then also the cumulative one)."""
    own = [0.0] * len(positive) if self_influence is None else self_influence
    return Profile(
        np.array([own, own]),
        np.array([positive, positive]),
        np.array([negative, negative]),
        np.ones(len(positive[0]), dtype=np.int64),
    )


def evidence_of_logits(logits: list[list[list[float]]], labels: list[int]) -> Evidence:
    """Evidence whose training logits, (T, n, C), are written down in the test."""
    z = np.array(logits, dtype=np.float32)
    epochs, n, n_classes = z.shape
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(n, 3)).astype(np.float32) for _ in range(epochs)]
    trace = Trace(
        Samples(inputs, z, np.array(labels)),
        Samples(
            [np.ones((n_classes, 3), dtype=np.float32)] * epochs,
            np.zeros((epochs, n_classes, n_classes), dtype=np.float32),
            np.arange(n_classes),
        ),
        np.linspace(0.1, 0.2, epochs),
    )
    profile = naive_profile(trace)
    return Evidence(
        full_profile=profile,
        profile=profile.cumulative,
        labels=trace.train.labels,
        validation_labels=trace.validation.labels,
        n_classes=n_classes,
        _trace=trace,
        _counterfactual=lambda given, chosen: naive_profile(trace, given, chosen),
    )
