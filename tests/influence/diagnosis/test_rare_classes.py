"""Classes that are too rare in training."""

from __future__ import annotations

import numpy as np

from influence.diagnosis.config import DEFAULT
from influence.diagnosis.rare_classes import rare_classes

CONFIG = DEFAULT.rare


def test_rare_classes_need_to_be_much_rarer() -> None:
    reference = np.repeat([0, 1], [100, 100])
    assert rare_classes(np.repeat([0, 1], [400, 30]), reference, 2, CONFIG).tolist() == [
        False,
        True,
    ]
    assert not rare_classes(np.repeat([0, 1], [400, 300]), reference, 2, CONFIG).any()
    assert not rare_classes(np.repeat([0, 1], [4, 1]), reference, 2, CONFIG).any()
