"""Means and deviations, against the same sums done by hand."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from run_writer import Study

from analysis.choices import CELL
from analysis.reading.selection import select
from analysis.stats.glitch_groups import in_order
from analysis.stats.summary import measured, summarise, with_variant


def values(rows: list[tuple[str, int, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["dataset", "seed", "value"])
    return frame.assign(model="m", glitch="g", ratio=0.1, variant="", series="s")


def test_mean_and_deviation_of_one_cell() -> None:
    found = summarise(values([("a", 0, 0.2), ("a", 1, 0.4), ("a", 2, 0.9)]), CELL).iloc[0]
    assert found["mean"] == pytest.approx(0.5)
    assert found["sd"] == pytest.approx(np.std([0.2, 0.4, 0.9], ddof=1))
    assert (found["seeds"], found["cells"]) == (3, 1)


def test_one_seed_has_no_deviation() -> None:
    found = summarise(values([("a", 0, 0.2)]), CELL).iloc[0]
    assert math.isnan(found["sd"])
    assert found["seeds"] == 1


def test_an_average_weighs_cells_alike_and_takes_seeds_that_all_have() -> None:
    rows = [("a", 0, 0.0), ("a", 1, 0.0), ("a", 2, 0.6), ("b", 0, 1.0), ("b", 1, 0.8)]
    found = summarise(values(rows), ["glitch"]).iloc[0]
    assert found["mean"] == pytest.approx((0.2 + 0.9) / 2)
    assert found["sd"] == pytest.approx(np.std([0.5, 0.4], ddof=1))
    assert (found["seeds"], found["cells"]) == (2, 2)


def test_no_common_seed_leaves_the_mean_without_a_deviation() -> None:
    found = summarise(values([("a", 0, 0.0), ("b", 1, 1.0)]), ["glitch"]).iloc[0]
    assert found["mean"] == pytest.approx(0.5)
    assert math.isnan(found["sd"])
    assert found["seeds"] == 0


def test_trials_that_differ_in_another_field_are_not_averaged(study: Study) -> None:
    frames = select(study.store, "study").frames
    assert set(with_variant(frames, frames.trials)["variant"]) == {""}
    captum = frames.runs["run_id"] == study.runs["digits/uniform_noise#0"]
    mixed = frames.runs.assign(estimator=frames.runs["estimator"].mask(captum, "captum"))
    variants = measured(replace(frames, runs=mixed))["variant"]
    assert set(variants) == {"estimator=exact", "estimator=captum"}


def test_glitches_and_signals_keep_their_own_order() -> None:
    frame = pd.DataFrame(
        {
            "glitch": ["stripe_outliers", "uniform_noise", "uniform_noise"],
            "signal": ["gd_class", "marginal_influence", "self_influence"],
        }
    )
    found = in_order(frame, ["glitch", "signal"])
    assert list(found["signal"]) == ["self_influence", "marginal_influence", "gd_class"]
