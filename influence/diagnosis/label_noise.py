"""A model of label noise: flips of one class to another, and replacement by a draw.

Given calibrated p(c | x), the label b of a sample is correct, or its true class is a and it was
flipped, at the rate ρ_ab of the pair, or replaced, at the rate ρ, by a draw among the other
classes. Rates are fitted by expectation maximisation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from influence.diagnosis.base import MORE_LIKELY_THAN_NOT
from influence.diagnosis.calibration import Probabilities
from influence.diagnosis.config import NoiseModelConfig
from influence.diagnosis.inputs import Labels, Mask

ClassPair = tuple[int, int]
"""(a, b): samples of class a that carry the label b."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LabelledProbabilities:
    """Class probabilities and given labels of one set, (k, C) and (k,)."""

    probabilities: Probabilities
    labels: Labels

    @property
    def of_label(self) -> Floats:
        """p(given label | x), (k,)."""
        return np.asarray(self.probabilities[np.arange(len(self.labels)), self.labels])

    def leaning(self, a: int) -> Floats:
        """p(a | x, a or b) for each class b, (k, C)."""
        p = self.probabilities
        return np.asarray(p[:, [a]] / (p[:, [a]] + p))

    def likely_flips(self, pair: ClassPair) -> Mask:
        """Samples labelled b that are more likely of class a, (k,)."""
        a, b = pair
        return np.asarray((self.labels == b) & (self.leaning(a)[:, b] > MORE_LIKELY_THAN_NOT))

    def rows(self, selected: Mask) -> LabelledProbabilities:
        return LabelledProbabilities(self.probabilities[selected], self.labels[selected])


@dataclass(frozen=True)
class NoiseRates:
    """Attributes:
    replaced: fraction of all labels replaced by another class; zero without replacement.
    pairs: fraction of class a that is labelled b, for each flipped pair (a, b).
    """

    replaced: float
    pairs: dict[ClassPair, float]


@dataclass(frozen=True)
class NoiseMechanisms:
    """Attributes:
    replaced: whether labels are replaced by draws among the other classes.
    pairs: of classes with flips.
    power: of the probabilities in a draw; zero for uniform noise, see :func:`replacement`.
    """

    replaced: bool
    pairs: tuple[ClassPair, ...]
    power: float = 0.0

    def __bool__(self) -> bool:
        return self.replaced or bool(self.pairs)

    def fit(self, given: LabelledProbabilities, config: NoiseModelConfig) -> NoiseFit:
        """Maximum-likelihood rates, and what they say of each sample."""
        rates = NoiseRates(
            config.initial_rate if self.replaced else 0.0,
            dict.fromkeys(self.pairs, config.initial_rate),
        )
        drawn = replacement(given.probabilities, self.power)
        drawn_label = drawn[np.arange(len(drawn)), given.labels]
        for _ in range(config.em_steps - 1):
            rates = _explanations(given, drawn_label, rates, config).rates()
        explained = _explanations(given, drawn_label, rates, config)
        return NoiseFit(1.0 - explained.correct / explained.total, explained.rates())


@dataclass(frozen=True)
class NoiseFit:
    """Attributes:
    wrong: the probability that the given label is wrong, (k,).
    rates: of the mechanisms.
    """

    wrong: Floats
    rates: NoiseRates


@dataclass(frozen=True)
class _Explanations:
    """Joint probability of each given label and each way in which it came about, (k,) each.

    Attributes:
        correct: the label is the true class.
        replaced: it was replaced by a draw.
        pairs: it was flipped, by pair.
        total: the sum of all.
        prior: mean probability of each class, (C,).
    """

    correct: Floats
    replaced: Floats
    pairs: dict[ClassPair, Floats]
    total: Floats
    prior: Floats

    def rates(self) -> NoiseRates:
        """The maximisation step: expected fractions of labels under these explanations."""
        return NoiseRates(
            float((self.replaced / self.total).mean()),
            {
                (a, b): float((flipped / self.total).mean() / self.prior[a])
                for (a, b), flipped in self.pairs.items()
            },
        )


def _explanations(
    given: LabelledProbabilities, drawn_label: Floats, rates: NoiseRates, config: NoiseModelConfig
) -> _Explanations:
    """The expectation step, given the probability of each label if it was replaced, (k,)."""
    p, y, of_label = given.probabilities, given.labels, given.of_label
    kept = np.full(p.shape[1], 1.0 - rates.replaced)
    for (a, _), rate in rates.pairs.items():
        kept[a] -= rate
    correct = of_label * np.maximum(kept, config.min_kept)[y]
    replaced = drawn_label * rates.replaced
    pairs = {(a, b): np.where(y == b, p[:, a] * rate, 0.0) for (a, b), rate in rates.pairs.items()}
    total = correct + replaced + sum(pairs.values())
    return _Explanations(correct, replaced, pairs, total, p.mean(axis=0))


def replacement(p: Probabilities, power: float) -> Floats:
    """The probability of each label if the correct one, of probabilities p, was replaced, (k, C).

    The new label is another class, drawn with probability proportional to p(c)^power: uniform for
    power zero.
    """
    if not power:
        return np.asarray((1.0 - p) / (p.shape[1] - 1))
    q = p**power
    q /= q.sum(axis=1, keepdims=True)
    changed = p / (1.0 - q)
    return np.asarray(q * (changed.sum(axis=1, keepdims=True) - changed))


def expected_errors(
    given: LabelledProbabilities, proven: NoiseMechanisms, config: NoiseModelConfig
) -> float:
    """The number of wrong labels by maximum likelihood, if besides the proven mechanisms some may
    be replaced."""
    return float(replace(proven, replaced=True).fit(given, config).wrong.sum())


def trust_in_labels(wrong: Floats) -> Floats:
    """The weight of each label in a fit, (n,), from the probability that it is wrong: zero where it
    is more likely wrong than right."""
    return np.where(wrong > MORE_LIKELY_THAN_NOT, 0.0, 1.0 - wrong)
