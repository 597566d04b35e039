"""A model of label noise: flips of one class to another, and uniform noise.

Given calibrated p(c | x), the label b of a sample is correct, or its true class is a and it was
flipped: at the rate ρ_ab of the pair, or at the uniform rate ρ / (C − 1). Rates are fitted by
expectation maximisation.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    uniform: fraction of all labels replaced by any other class; zero without uniform noise.
    pairs: fraction of class a that is labelled b, for each flipped pair (a, b).
    """

    uniform: float
    pairs: dict[ClassPair, float]


@dataclass(frozen=True)
class NoiseMechanisms:
    """Attributes:
    uniform: whether labels are replaced uniformly by other classes.
    pairs: of classes with flips.
    """

    uniform: bool
    pairs: tuple[ClassPair, ...]

    def __bool__(self) -> bool:
        return self.uniform or bool(self.pairs)

    def fit(self, given: LabelledProbabilities, config: NoiseModelConfig) -> NoiseFit:
        """Maximum-likelihood rates, and what they say of each sample."""
        rates = NoiseRates(
            config.initial_rate if self.uniform else 0.0,
            dict.fromkeys(self.pairs, config.initial_rate),
        )
        for _ in range(config.em_steps - 1):
            rates = _explanations(given, rates, config).rates()
        explained = _explanations(given, rates, config)
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
        uniform: it was replaced by uniform noise.
        pairs: it was flipped, by pair.
        total: the sum of all.
        prior: mean probability of each class, (C,).
    """

    correct: Floats
    uniform: Floats
    pairs: dict[ClassPair, Floats]
    total: Floats
    prior: Floats

    def rates(self) -> NoiseRates:
        """The maximisation step: expected fractions of labels under these explanations."""
        return NoiseRates(
            float((self.uniform / self.total).mean()),
            {
                (a, b): float((flipped / self.total).mean() / self.prior[a])
                for (a, b), flipped in self.pairs.items()
            },
        )


def _explanations(
    given: LabelledProbabilities, rates: NoiseRates, config: NoiseModelConfig
) -> _Explanations:
    """The expectation step."""
    p, y, of_label = given.probabilities, given.labels, given.of_label
    n_classes = p.shape[1]
    kept = np.full(n_classes, 1.0 - rates.uniform)
    for (a, _), rate in rates.pairs.items():
        kept[a] -= rate
    correct = of_label * np.maximum(kept, config.min_kept)[y]
    uniform = (1.0 - of_label) * rates.uniform / (n_classes - 1)
    pairs = {(a, b): np.where(y == b, p[:, a] * rate, 0.0) for (a, b), rate in rates.pairs.items()}
    total = correct + uniform + sum(pairs.values())
    return _Explanations(correct, uniform, pairs, total, p.mean(axis=0))


def expected_errors(
    given: LabelledProbabilities, proven: NoiseMechanisms, config: NoiseModelConfig
) -> float:
    """The number of wrong labels by maximum likelihood, if besides the proven mechanisms there may
    be uniform noise."""
    return float(NoiseMechanisms(True, proven.pairs).fit(given, config).wrong.sum())


def trust_in_labels(wrong: Floats) -> Floats:
    """The weight of each label in a fit, (n,), from the probability that it is wrong: zero where it
    is more likely wrong than right."""
    return np.where(wrong > MORE_LIKELY_THAN_NOT, 0.0, 1.0 - wrong)
