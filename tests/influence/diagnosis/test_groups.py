"""Near copies that share a wrong label support each other, unless they are one group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from planted_glitches import evidence_of
from sklearn.metrics import average_precision_score

from influence.diagnosis.base import Diagnosis
from influence.diagnosis.diagnose import diagnose
from influence.diagnosis.without_reference import diagnose_without_reference
from influence.evidence import Evidence

CLASSES, WIDTH, COPIES, M = 3, 40, 4, 60


def near_copies() -> tuple[Evidence, NDArray[np.bool_]]:
    """Samples in groups of near copies, of some groups all labels wrong, (n,)."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(CLASSES, WIDTH)) * 0.7
    y, reference = np.arange(90) % CLASSES, np.arange(M) % CLASSES
    group = np.repeat(np.arange(len(y)), COPIES)
    x = (centres[y] + rng.normal(size=(len(y), WIDTH)))[group]
    x += 0.05 * rng.normal(size=x.shape)
    wrong = np.isin(group, rng.permutation(len(y))[:12])
    labels = np.where(wrong, (y[group] + 1) % CLASSES, y[group])
    reference_x = centres[reference] + rng.normal(size=(M, WIDTH))
    evidence = evidence_of(x, labels, reference_x, reference, CLASSES)
    return replace(evidence, groups=group), wrong


@pytest.mark.parametrize("diagnosis", [diagnose, diagnose_without_reference])
def test_groups_reveal_near_copies_with_the_same_wrong_label(
    diagnosis: Callable[[Evidence], Diagnosis],
) -> None:
    evidence, wrong = near_copies()
    grouped, alone = (
        average_precision_score(wrong, diagnosis(one).probability)
        for one in (evidence, replace(evidence, groups=None))
    )
    assert grouped > 0.8
    assert grouped > alone + 0.1
