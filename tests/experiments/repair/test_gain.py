"""The gain of a repair."""

from __future__ import annotations

import pandas as pd

from experiments.repair.gain import Gain


def test_what_a_gain_says() -> None:
    def said(repaired: list[float]) -> str:
        columns = {"dirty": [0.8, 0.81, 0.79], "randomly repaired": [0.78, 0.79, 0.77]}
        return Gain(pd.DataFrame(columns | {"repaired": repaired})).sentence()

    assert said([0.9, 0.91, 0.9]).startswith("The repair helps: +10.3 points (+")
    assert said([0.8, 0.83, 0.77]).startswith("No significant gain in 3 trainings")
    assert said([0.7, 0.71, 0.69]).startswith("The repair lowers accuracy: -10.0 points")


def test_a_gain_that_random_decisions_have_too() -> None:
    """The interval of the gain lies above zero: "no significant gain" would contradict it."""
    accuracy = pd.DataFrame(
        {
            "dirty": [0.8, 0.81, 0.79],
            "randomly repaired": [0.9, 0.7, 0.95],
            "repaired": [0.9, 0.91, 0.9],
        }
    )
    sentence = Gain(accuracy).sentence()
    assert sentence.startswith("Accuracy rises by +10.3 points (+")
    assert "not significantly more than by random decisions" in sentence


def test_intervals_of_two_trainings_stay_within_the_bounds_of_an_accuracy() -> None:
    columns = {"dirty": [0.9, 0.98], "randomly repaired": [0.02, 0.1], "repaired": [0.99, 1.0]}
    dirty, random, repaired = Gain(pd.DataFrame(columns)).table().to_dict("records")
    assert dirty["high"] == repaired["high"] == 1
    assert random["low"] == 0
    assert 0 < repaired["low"] < repaired["accuracy"]
    assert random["gain_low"] >= -1
