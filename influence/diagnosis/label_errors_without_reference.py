"""Label noise of a set that nothing clean stands beside.

Probabilities that are cross-fitted on the given labels, and calibrated on them, say how often a
label contradicts the features by the nature of the data. Labels that follow chance exceed that. So
do flips of one class into another, once the samples that show them teach the probes no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from influence.diagnosis.base import EVEN
from influence.diagnosis.crossfit import Probes, Task
from influence.diagnosis.inputs import Labels, Pair
from influence.diagnosis.label_noise import (
    IMPOSSIBLE,
    LEANINGS,
    UNSEEN,
    Count,
    Given,
    LabelNoise,
    count_p_value,
    trust_in_labels,
)

ROUNDS = 4
CHANCE_SIGNIFICANCE = 1e-3
PAIR_SIGNIFICANCE = 1e-7
WORTH_TRYING = 0.05
MOST_TRIED = 3
FIRM, LOOSE = 8.0, 2.0
"""How far calibrated expectations are trusted: shapes of their gamma distribution. What a pair of
classes has in common is known least."""

Trust = NDArray[np.float64]
ClassPair = tuple[int, int]


@dataclass(frozen=True)
class Belief:
    """Cross-fitted, calibrated probabilities of each label, as given and as it should be."""

    given: Given
    right: Given


def noise_alone(
    x: NDArray[np.float32], labels: Labels, n_classes: int, seed: int
) -> tuple[NDArray[np.float64], Given]:
    """The probability that each label is wrong, (n,), all zero where no test finds noise; and the
    probabilities of the right ones.

    Args:
        x: features, (n, d).
        labels: as given, (n,).
        n_classes: C.
        seed: of folds and trees.
    """
    # classes are numbered as they appear: ties among the splits of a tree fall by number
    number = _appearance(labels, n_classes).argsort()
    posterior, right = _found(x, number[labels], n_classes, seed)
    return posterior, Given(right.probabilities[:, number], labels)


def _appearance(labels: Labels, n_classes: int) -> Labels:
    """The classes, those first that appear first, (C,)."""
    first = np.full(n_classes, len(labels))
    np.minimum.at(first, labels, np.arange(len(labels)))
    return first.argsort(kind="stable")


def _found(
    x: NDArray[np.float32], labels: Labels, n_classes: int, seed: int
) -> tuple[NDArray[np.float64], Given]:
    # the set plays validation: judged by probes that have not seen the sample
    task = Task(Pair(x[:0], x), labels[:0], labels, n_classes, seed)
    probes, everyone = Probes(task), np.ones(len(labels), dtype=bool)

    def learned(trust: Trust) -> Belief:
        found = probes(trust[:0], trust, calibrate_on=everyone)
        right = found.calibration.without_floor(found.validation)
        return Belief(Given(found.validation, labels), Given(right, labels))

    belief = learned(np.ones(len(labels)))
    flips: tuple[ClassPair, ...] = ()
    for _ in range(ROUNDS):
        posterior = _posterior(belief, flips)
        trust = trust_in_labels(posterior)
        proven = next(_proven_flips(belief, flips, trust, learned), None)
        if proven is not None:
            pair, belief = proven
            flips = (*flips, pair)
        elif posterior.any():
            belief = learned(trust)
        else:
            break
    return _posterior(belief, flips), belief.right


def _posterior(belief: Belief, flips: tuple[ClassPair, ...]) -> NDArray[np.float64]:
    noise = LabelNoise(_follow_chance(belief.right), flips)
    if not noise.is_open:
        return np.zeros(len(belief.right.labels))
    return noise.fitted(belief.right).probability


def _follow_chance(right: Given) -> bool:
    """Are labels that the probes hold for almost impossible commoner than they say themselves?"""
    smallest = min(_p_value(right.improbable(limit), FIRM) for limit in IMPOSSIBLE)
    return len(IMPOSSIBLE) * smallest < CHANCE_SIGNIFICANCE


def _proven_flips(
    belief: Belief,
    known: tuple[ClassPair, ...],
    trust: Trust,
    learned: Callable[[Trust], Belief],
) -> Iterator[tuple[ClassPair, Belief]]:
    """Pairs (a, b) where a label b on samples of class a is a flip, and what is believed then.

    Of classes that have much in common, probes know it, whether or not they see those samples. If
    they expect hardly any once they do not, these were never alike.
    """
    n_classes = belief.given.probabilities.shape[1]
    number = n_classes * (n_classes - 1) * len(LEANINGS)
    for pair in _suspected(belief.given, known):
        a, b = pair
        doubtful = (belief.right.labels == b) & (belief.right.leaning(a, b) > EVEN)
        without = learned(np.where(doubtful, 0.0, trust))
        right = without.right
        # what follows chance elsewhere is no flip; what the floor took for chance here may be one
        chance = LabelNoise(True, (pair,)).fitted(right).uniform
        usual = replace(right, probabilities=_with_chance(right.probabilities, chance))
        found = min(_p_value(usual.flipped(a, b, t), LOOSE) for t in LEANINGS)
        if found * number < PAIR_SIGNIFICANCE:
            yield pair, without


def _with_chance(p: NDArray[np.float64], chance: float) -> NDArray[np.float64]:
    """Probabilities of labels of which a share is replaced by any other."""
    return np.asarray(p * (1.0 - chance) + (1.0 - p) * chance / (p.shape[1] - 1))


def _suspected(given: Given, known: tuple[ClassPair, ...]) -> list[ClassPair]:
    """Pairs with more labels b on samples that lean to a than calibrated probabilities expect."""
    n_classes = given.probabilities.shape[1]
    found = []
    for pair in permutations(range(n_classes), 2):
        if pair not in known:
            p_value = _p_value(given.flipped(*pair, LEANINGS[0]), FIRM)
            if p_value < WORTH_TRYING:
                found.append((p_value, pair))
    return [pair for _, pair in sorted(found)[:MOST_TRIED]]


def _p_value(count: Count, shape: float) -> float:
    return count_p_value(count.observed, count.expected + UNSEEN, shape)
