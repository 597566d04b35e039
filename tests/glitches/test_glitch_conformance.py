"""Every registered glitch, some options and mixtures keep the rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from _pytest.mark import ParameterSet
from glitch_conformance import check_conformance, inject, toy_dataset

from common.dataset import Modality
from common.errors import UserError
from glitches import GLITCHES
from glitches.base import Glitch, Injection
from glitches.contaminated import Contaminated
from glitches.counts import share_of
from glitches.parse import parse_glitch

SLOW = {"instance_dependent_noise"}
NEEDS_OPTIONS = {"published_corruption"}
VARIANTS = (
    "published_corruption(corruption=aligned)",
    "published_corruption(corruption=others)",
    "published_corruption(corruption=others,mode=added)",
    "stripe_outliers(mode=added)",
    "brightness_outliers(mode=added)",
    "near_clustered_anomalies:0.06+uniform_noise:0.04",
    "uniform_noise:0.04+far_clustered_anomalies:0.02+stripe_outliers:0.04",
    "far_clustered_anomalies+brightness_outliers(mode=added)+class_dependent_noise",
)


def cases() -> list[tuple[str, Modality]]:
    """Each glitch with each modality that it fits."""
    found: list[tuple[str, Modality]] = []
    complete = [name for name in GLITCHES if name not in NEEDS_OPTIONS]
    for text in (*complete, *VARIANTS):
        allowed = [modalities for _, modalities in parse_glitch(text).modalities()]
        found += [(text, modality) for modality in sorted(frozenset.intersection(*allowed))]
    return found


def marked_cases() -> list[ParameterSet]:
    """The same; a forest for each of twenty seeds takes seconds."""
    return [
        pytest.param(text, modality, marks=[pytest.mark.slow] if text in SLOW else [])
        for text, modality in cases()
    ]


@pytest.mark.parametrize(("text", "modality"), marked_cases())
def test_conformance(text: str, modality: Modality) -> None:
    check_conformance(text, modality)


@dataclass(frozen=True)
class Blackout(Glitch):
    """A toy glitch: all features become 0."""

    kind = "corrupted"

    def inject(self, train: Contaminated, injection: Injection) -> Contaminated:
        count = share_of(injection.ratio, len(train))
        rows = injection.rng.choice(train.clean_rows, count, replace=False)
        return train.with_samples(rows, np.zeros_like(train.data.x[rows])).marked(
            rows, injection.name
        )


class Forgetful(Blackout):
    """Touches samples that it does not enter in the error table."""

    def inject(self, train: Contaminated, injection: Injection) -> Contaminated:
        found = super().inject(train, injection)
        return found.with_labels(found.clean_rows[:1], (found.data.y[found.clean_rows[0]] + 1) % 4)


def test_a_glitch_is_one_class_and_one_registry_line() -> None:
    GLITCHES.register("blackout", f"{__name__}:Blackout")
    try:
        assert ("blackout", "image") in cases()
        assert ("blackout", "tabular") in cases()
        check_conformance("blackout", "image")
        check_conformance("blackout+uniform_noise", "tabular")
    finally:
        GLITCHES.unregister("blackout")


def test_the_rules_can_be_broken() -> None:
    GLITCHES.register("forgetful", f"{__name__}:Forgetful")
    try:
        with pytest.raises(AssertionError):
            check_conformance("forgetful", "image")
    finally:
        GLITCHES.unregister("forgetful")


@pytest.mark.parametrize("ratio", [0.0, -0.1, 0.51, float("nan")])
def test_ratio_outside_its_range(ratio: float) -> None:
    with pytest.raises(UserError, match=r"ratio must be in \(0, 0\.5\]"):
        inject("uniform_noise", toy_dataset(), ratio)


@pytest.mark.parametrize("text", ["uniform_noise", "stripe_outliers", "far_clustered_anomalies"])
def test_a_ratio_of_less_than_one_sample_is_an_error(text: str) -> None:
    with pytest.raises(UserError, match=r"ratio 0\.001 is less than one of 400 samples"):
        inject(text, toy_dataset(), 0.001)


@pytest.mark.parametrize("text", ["uniform_noise", "class_dependent_noise"])
def test_label_noise_needs_two_classes(text: str) -> None:
    with pytest.raises(UserError, match="needs at least 2 classes, got 1"):
        inject(text, toy_dataset(sizes=(50,)))
