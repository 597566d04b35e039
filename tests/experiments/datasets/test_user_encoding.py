"""Numbers, dates and categories as float32 features that lose nothing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from user_files import csv, load, refusal

from common.errors import UserError
from experiments.datasets.user.encoding import encoded_features, numeric_features


def informative(values: np.ndarray) -> np.ndarray:
    """The column in float32, standardised."""
    x = numeric_features("x", values[:, None]).x[:, 0].astype(np.float64)
    return np.asarray((x - x.mean()) / x.std())


@pytest.mark.parametrize(
    ("scale", "offset"), [(1, 1e9), (1, 1.7e12), (1e-30, 0), (1e30, 0), (1, 0)]
)
def test_offsets_and_scales_lose_nothing(scale: float, offset: float) -> None:
    values = np.random.default_rng(0).normal(size=200)
    expected = (values - values.mean()) / values.std()
    assert np.abs(informative(values * scale + offset) - expected).max() < 2e-3


@pytest.mark.parametrize("offset", [2**62, -(2**62), 2**63 + 5])
def test_whole_numbers_that_float64_would_round(offset: int, tmp_path: Path) -> None:
    """A rounded offset would make the cells of the column equal."""
    small = np.arange(13) * 3
    kind = np.int64 if offset < 2**63 else np.uint64
    large = np.array([offset + int(v) for v in small], kind)
    expected = (small - small[6]).tolist()
    array = numeric_features("x", np.column_stack([large, large]))
    assert array.x[:, 1].tolist() == expected
    assert f"column 0 has a large offset: {offset + 18} was subtracted" in array.notes
    frame = pd.DataFrame({"a": large, "label": list("pq") * 6 + ["p"]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    table = load(tmp_path / "t.csv")
    assert table.x[:, 0].tolist() == expected
    assert f"column 'a' has a large offset: {offset + 18} was subtracted" in table.notes


@pytest.mark.parametrize("mark", ["1e25", "-9.99e33", "-99999"])
def test_cells_far_outside_their_column_are_missing(mark: str, tmp_path: Path) -> None:
    rows = [f"{mark if i % 9 == 0 else i % 7},{'xy'[i % 2]}" for i in range(90)]
    data = load(csv(tmp_path / "t.csv", "a,label", *rows))
    assert data.feature_names == ("a", "missingindicator_a")
    assert data.x[:, 0].max() <= 6
    assert data.x[:, 1].sum() == 10
    assert any("10 cells far outside" in note and "row 0" in note for note in data.notes)


def test_a_mark_for_no_data_among_small_whole_numbers() -> None:
    x = np.array([[v % 5] for v in range(30)], np.int64)
    x[3] = np.iinfo(np.int64).min
    features = numeric_features("x", x)
    assert features.x[:3, 0].tolist() == [0, 1, 2]
    assert "far outside its range" in features.notes[0]


def test_times_within_one_day(tmp_path: Path) -> None:
    rows = [f"2024-05-01 10:{i % 50:02}:00,{'xy'[i % 2]}" for i in range(100)]
    data = load(csv(tmp_path / "t.csv", "when,label", *rows))
    minutes = data.x[:, 0].astype(np.float64) * 24 * 60
    assert np.abs(minutes - minutes.min() - np.arange(100) % 50).max() < 0.01


def test_dates_that_are_missing_or_none(tmp_path: Path) -> None:
    rows = [f"2024-01-{1 + i % 28:02},{'xy'[i % 2]}" for i in range(40)]
    rows[3] = "NA,x"
    data = load(csv(tmp_path / "t.csv", "day,label", *rows))
    assert data.feature_names == ("day", "missingindicator_day")
    rows[5] = "2024-02-30,y"
    assert "holds dates, but '2024-02-30' in row 5 is none" in refusal(
        csv(tmp_path / "t.csv", "day,label", *rows)
    )


def test_dates_with_and_without_a_time_zone_are_refused() -> None:
    mixed = [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 1, 2)] * 6
    with pytest.raises(UserError, match="'2024-01-02 00:00:00' in row 1"):
        encoded_features("data", pd.DataFrame({"at": mixed}))
    zones = [dt.timezone(dt.timedelta(hours=h)) for h in (0, 2)]
    moments = [dt.datetime(2024, 1, 1, 2 * i, tzinfo=zone) for i, zone in enumerate(zones)]
    assert encoded_features("data", pd.DataFrame({"at": moments * 6})).x.std() == 0


def test_texts_as_categories_make_no_long_names(tmp_path: Path) -> None:
    rows = [f"{'word ' * 100}{i % 3},{'xy'[i % 2]}" for i in range(12)]
    names = load(csv(tmp_path / "t.csv", "text,label", *rows)).feature_names
    assert len(set(names)) == 3
    assert max(map(len, names)) < 110


def test_decimals_are_numbers() -> None:
    cells = [Decimal("1.5"), None, Decimal("-2")] * 4
    assert encoded_features("data", pd.DataFrame({"a": cells})).x[:3, 0].tolist() == [
        1.5,
        -0.25,
        -2,
    ]
