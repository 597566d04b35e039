"""Sets with too few samples to prove anything: nothing fails, nothing is claimed.

Warnings are errors in tests, so that these also show that no library floods the terminal.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from planted_glitches import evidence_of

from influence.diagnosis.base import Diagnosis
from influence.diagnosis.diagnose import diagnose
from influence.diagnosis.without_reference import diagnose_without_reference
from influence.evidence import Evidence

Labels = NDArray[np.int64]
WIDTH = 6
SETS: dict[str, tuple[Labels, Labels, int]] = {
    "four samples": (np.array([0, 1, 0, 1]), np.array([0, 1]), 2),
    "six samples, one reference sample": (np.array([0, 1, 2, 0, 1, 2]), np.array([0]), 3),
    "five samples of one class": (np.zeros(5, np.int64), np.array([0, 0, 1]), 2),
    "four samples of the second class": (
        np.repeat([0, 1], [400, 4]),
        np.repeat([0, 1], [99, 1]),
        2,
    ),
    "classes without samples": (np.arange(60) % 2, np.arange(30) % 3, 5),
    "forty classes of two": (np.arange(80) % 40, np.arange(40), 40),
}


def planted(labels: Labels, reference: Labels, n_classes: int) -> Evidence:
    rng = np.random.default_rng(0)
    centres = 3.0 * rng.normal(size=(n_classes, WIDTH))
    x, z = (centres[y] + rng.normal(size=(len(y), WIDTH)) for y in (labels, reference))
    return evidence_of(x, labels, z, reference, n_classes)


@pytest.mark.parametrize("how", [diagnose, diagnose_without_reference])
@pytest.mark.parametrize("name", SETS)
def test_small_sets_are_diagnosed_and_nothing_is_flagged(
    name: str, how: Callable[[Evidence], Diagnosis]
) -> None:
    labels, reference, n_classes = SETS[name]
    diagnosis = how(planted(labels, reference, n_classes))
    assert np.isfinite(diagnosis.probability).all()
    np.testing.assert_allclose(diagnosis.kind_probability.sum(axis=1), diagnosis.probability)
    assert not diagnosis.flagged.any()


@pytest.mark.parametrize("how", [diagnose, diagnose_without_reference])
def test_constant_features(how: Callable[[Evidence], Diagnosis]) -> None:
    labels = np.arange(60) % 2
    evidence = evidence_of(np.ones((60, WIDTH)), labels, np.ones((30, WIDTH)), labels[:30], 2)
    assert not how(evidence).flagged.any()
