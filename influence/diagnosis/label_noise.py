"""A model of label noise that tests open: flips of one class into another, and uniform noise.

Given calibrated p(c | x), a sample with given label b either has it rightly, or had another label
a and was flipped: by a pair's own rate ρ_ab, or by the uniform rate ρ / (C − 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom

from influence.diagnosis.base import EVEN
from influence.diagnosis.crossfit import Probabilities
from influence.diagnosis.inputs import Labels

SIGNIFICANCE = 1e-3
PAIR_SIGNIFICANCE = 1e-5
MAX_PAIRS = 8
OF_ALL_PAIRS = 1 / 4
"""Where more pairs than that are flipped, noise is no matter of pairs."""
IMPOSSIBLE = (0.1, 0.03, 0.01)
LEANINGS = (0.9, 0.97)
PRIOR_STRENGTH = 2.0  # samples' worth of trust in a calibrated rate
UNSEEN = 0.05  # expected flips that calibration may have missed
LEAST_RATE = 0.03
OVER_UNIFORM = 3.0
LEAST_KEPT = 0.01
STEPS = 60
START = 0.05

Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Count:
    """Labels that surprise.

    Attributes:
        observed: how many there are.
        expected: how many calibrated probabilities expect.
        among: how many labels were looked at.
    """

    observed: int
    expected: float
    among: int


@dataclass(frozen=True)
class Given:
    """Class probabilities and given labels of one set, (k, C) and (k,)."""

    probabilities: Probabilities
    labels: Labels

    @property
    def of_label(self) -> NDArray[np.float64]:
        """p(given label | x), (k,)."""
        return np.asarray(self.probabilities[np.arange(len(self.labels)), self.labels])

    def leaning(self, a: int, b: int) -> NDArray[np.float64]:
        """p(a | x, a or b), (k,)."""
        p = self.probabilities
        return np.asarray(p[:, a] / (p[:, a] + p[:, b]))

    def improbable(self, limit: float) -> Count:
        """Given labels whose probability is below the limit."""
        p = self.probabilities
        observed = int((self.of_label < limit).sum())
        return Count(observed, float(p[p < limit].sum()), len(p))

    def flipped(self, a: int, b: int, threshold: float) -> Count:
        """Given labels b on samples that lean to a rather than b by more than the threshold."""
        leans = self.leaning(a, b) > threshold
        observed = int((leans & (self.labels == b)).sum())
        return Count(observed, float(self.probabilities[leans, b].sum()), len(leans))

    def take(self, rows: NDArray[np.bool_]) -> Given:
        return Given(self.probabilities[rows], self.labels[rows])


@dataclass(frozen=True)
class LabelNoise:
    """What the tests opened.

    Attributes:
        uniform: whether labels are wrong evenly over classes.
        pairs: (a, b) where samples of class a carry the label b.
    """

    uniform: bool
    pairs: Pairs

    @property
    def is_open(self) -> bool:
        return self.uniform or bool(self.pairs)

    def fitted(self, given: Given) -> Flips:
        """Rates by expectation maximisation, and what they say of each sample."""
        p, y, right = given.probabilities, given.labels, given.of_label
        n_classes = p.shape[1]
        prior = p.mean(axis=0)
        uniform = START if self.uniform else 0.0
        rates = dict.fromkeys(self.pairs, START)
        for _ in range(STEPS):
            kept = np.full(n_classes, 1.0 - uniform)
            for (a, _b), rate in rates.items():
                kept[a] -= rate
            unflipped = right * np.maximum(kept, LEAST_KEPT)[y]
            evenly = (1.0 - right) * uniform / (n_classes - 1)
            by_pair = {
                (a, b): np.where(y == b, p[:, a] * rate, 0.0) for (a, b), rate in rates.items()
            }
            total = unflipped + evenly + sum(by_pair.values())
            uniform = float((evenly / total).mean())
            rates = {ab: float((v / total).mean() / prior[ab[0]]) for ab, v in by_pair.items()}
        joint = p * (uniform / (n_classes - 1))
        for (a, b), rate in rates.items():
            joint[y == b, a] += p[y == b, a] * rate
        joint[np.arange(len(y)), y] = 0.0
        return Flips(1.0 - unflipped / total, joint.argmax(axis=1), uniform, rates)


@dataclass(frozen=True)
class Flips:
    """Attributes:
    probability: that the given label is wrong, (k,).
    label: the most probable right one if it is, (k,).
    uniform: the uniform rate.
    rates: of each pair, among samples of its first class.
    """

    probability: NDArray[np.float64]
    label: Labels
    uniform: float
    rates: dict[tuple[int, int], float]


def proven_noise(train: Given, validation: Given) -> LabelNoise:
    """The noise that a comparison with validation proves: pairs first, most significant first, then
    the uniform one on what they leave unexplained."""
    pairs: list[tuple[int, int]] = []
    unexplained = np.ones(len(train.labels), dtype=bool)
    p_values = _pair_p_values(train, validation)
    uniform = _uniform_p_value(train, validation)
    n_classes = train.probabilities.shape[1]
    most = min(MAX_PAIRS, max(1, int(OF_ALL_PAIRS * n_classes * (n_classes - 1))))
    while len(pairs) < most:
        a, b = (int(i) for i in np.unravel_index(p_values.argmin(), p_values.shape))
        if p_values[a, b] >= min(PAIR_SIGNIFICANCE, uniform):
            break
        pairs.append((a, b))
        p_values[a, b] = 1.0
        unexplained &= ~((train.labels == b) & (train.leaning(a, b) > EVEN))
        uniform = _uniform_p_value(train.take(unexplained), validation)
    noise = LabelNoise(uniform < SIGNIFICANCE, tuple(pairs))
    if noise.uniform and pairs:
        fitted = noise.fitted(train)
        share = fitted.uniform / (n_classes - 1)
        outstanding = [
            ab
            for ab, rate in fitted.rates.items()
            if rate > LEAST_RATE and rate > OVER_UNIFORM * share
        ]
        noise = LabelNoise(True, tuple(outstanding))
    return noise


def _uniform_p_value(train: Given, validation: Given) -> float:
    """Are labels that the probes hold for almost impossible commoner than these say themselves?

    Bonferroni over thresholds.
    """
    smallest = min(
        _excess_p_value(train.improbable(limit), validation.improbable(limit))
        for limit in IMPOSSIBLE
    )
    return min(1.0, len(IMPOSSIBLE) * smallest)


def _pair_p_values(train: Given, validation: Given) -> NDArray[np.float64]:
    """Is a label b on samples that lean to a commoner than hard samples explain? (C, C)

    Bonferroni over pairs and thresholds.
    """
    n_classes = train.probabilities.shape[1]
    out = np.ones((n_classes, n_classes))
    for a, b in permutations(range(n_classes), 2):
        out[a, b] = min(
            _excess_p_value(train.flipped(a, b, threshold), validation.flipped(a, b, threshold))
            for threshold in LEANINGS
        )
    return np.asarray(np.minimum(1.0, out * n_classes * (n_classes - 1) * len(LEANINGS)))


def _excess_p_value(train: Count, validation: Count) -> float:
    """The p-value of a count in training, as calibration and the count in validation expect it.

    Validation has too few samples to count what is rare. The calibrated probabilities say how many
    to expect; with the count in validation they give a gamma distribution of the rate, and a
    negative binomial one of the count in training.
    """
    expected = train.expected + UNSEEN
    expected_v = validation.expected + UNSEEN * (validation.among / train.among)
    shape = PRIOR_STRENGTH + validation.observed
    mean = shape / (PRIOR_STRENGTH / expected_v + 1.0) * expected / expected_v
    return count_p_value(train.observed, mean, shape)


def count_p_value(observed: int, expected: float, shape: float) -> float:
    """The p-value of a count whose rate is known as a gamma distribution of this mean and shape."""
    return float(nbinom.sf(observed - 1, shape, shape / (shape + expected)))


def trust_in_labels(posterior: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much each label may teach, (n,): none where it is more likely wrong than right."""
    return np.where(posterior > EVEN, 0.0, 1.0 - posterior)
