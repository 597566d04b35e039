"""Types and names of Parquet files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import parquet
from user_files import load, refusal

from experiments.datasets.user.encoding import encoded_features


def test_parquet_types(tmp_path: Path) -> None:
    label = pa.array(["p", "q"] * 4)
    days = pa.array(range(8), pa.int32())
    table = pa.table(
        {
            "day": days.cast(pa.date32()),
            "time": days.cast(pa.time32("s")),
            "span": days.cast(pa.int64()).cast(pa.duration("s")),
            "raw": pa.array([b"u", b"v"] * 4),
            "label": label,
        }
    )
    parquet.write_table(table, tmp_path / "t.parquet")
    data = load(tmp_path / "t.parquet")
    assert data.feature_names == ("day", "time", "span", "raw_u", "raw_v")
    assert data.x[:, 0].tolist() == list(range(8))
    nested = pa.table(
        {"bad": pa.array([[1.0]] * 8), "worse": pa.array([{"a": 1}] * 8), "label": label}
    )
    parquet.write_table(nested, tmp_path / "n.parquet")
    assert "bad (list" in refusal(tmp_path / "n.parquet")


def test_dates_beyond_the_range_of_nanoseconds(tmp_path: Path) -> None:
    days = [dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1970, 1, 2)] * 4
    table = pa.table({"day": days, "a": range(12), "label": ["p", "q"] * 6})
    parquet.write_table(table, tmp_path / "t.parquet")
    seconds = table.set_column(0, "day", table["day"].cast(pa.timestamp("s", "UTC")))
    parquet.write_table(seconds, tmp_path / "s.parquet")
    for name in ("t", "s"):
        assert load(tmp_path / f"{name}.parquet").x[:3, 0].tolist() == [-719162, 2932896, 1]
    frame = encoded_features("data", pd.DataFrame({"day": days}))
    assert frame.x[:3, 0].tolist() == [-719162, 2932896, 1]


def test_binary_columns_of_parquet(tmp_path: Path) -> None:
    labels = ["p", "q"] * 6
    fixed = pa.array([b"ab", b"cd", b"cd"] * 4, pa.binary(2))
    parquet.write_table(pa.table({"b": fixed, "label": labels}), tmp_path / "t.parquet")
    assert load(tmp_path / "t.parquet").x.shape == (12, 2)
    parquet.write_table(pa.table({"b": [b"\xff"] * 12, "label": labels}), tmp_path / "u.parquet")
    assert "column 'b'" in refusal(tmp_path / "u.parquet")


def test_times_of_day_are_hours_and_classes_that_read_as_times(tmp_path: Path) -> None:
    clock = [dt.time(8, 30), dt.time(22), None, dt.time(8, 30)] * 5
    table = pa.table({"at": pa.array(clock, pa.time64("ns")), "label": list("pq") * 10})
    parquet.write_table(table, tmp_path / "t.parquet")
    frame = pd.DataFrame({"at": clock})
    for data in (load(tmp_path / "t.parquet"), encoded_features("data", frame)):
        assert data.x[:4, 0].tolist() == [8.5, 22, 8.5, 8.5]
        assert data.x[:4, 1].tolist() == [0, 0, 1, 0]
    shifts = pa.table({"a": range(20), "label": [dt.time(6), dt.time(22, 15)] * 10})
    parquet.write_table(shifts, tmp_path / "u.parquet")
    assert load(tmp_path / "u.parquet").class_names == ("06:00:00", "22:15:00")


def test_repeated_names_in_parquet_files(tmp_path: Path) -> None:
    a, b, label = pa.array(range(12)), pa.array([5, 1, 2] * 4), pa.array(list("pq") * 6)
    parquet.write_table(
        pa.Table.from_arrays([a, b, label], names=["a", "a", "label"]), tmp_path / "t.parquet"
    )
    assert load(tmp_path / "t.parquet").feature_names == ("a", "a.1")
    twice = pa.Table.from_arrays([a, label, label], names=["a", "label", "label"])
    parquet.write_table(twice, tmp_path / "u.parquet")
    assert "more than one column 'label'" in refusal(tmp_path / "u.parquet")


def test_the_folder_of_a_parquet_file_adds_no_columns(tmp_path: Path) -> None:
    (tmp_path / "year=2024").mkdir()
    table = pa.table({"a": range(12), "label": list("pq") * 6})
    parquet.write_table(table, tmp_path / "year=2024" / "t.parquet")
    assert load(tmp_path / "year=2024" / "t.parquet").feature_names == ("a",)
