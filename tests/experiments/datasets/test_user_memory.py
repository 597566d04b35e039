"""Data that do not fit into memory are refused before they are read."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from user_files import folder_of, refusal


def test_images_that_do_not_fit_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of(tmp_path, "a", "b")
    monkeypatch.setattr("experiments.machine.available_mib", lambda: 0.0)
    assert "MiB of memory" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_tables_that_do_not_fit_are_refused_before_they_are_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame({f"f{i}": np.arange(1000) % (3 + i) for i in range(20)})
    frame = frame.assign(label=np.arange(1000) % 2)
    write = frame.to_parquet if name.endswith("parquet") else frame.to_csv
    write(tmp_path / name, index=False)
    monkeypatch.setattr("experiments.machine.available_mib", lambda: 1.0)
    said = refusal(tmp_path / name)
    assert "1000 rows of 21 columns need about" in said
    assert said.endswith("1 are free")


def test_a_small_gzip_file_that_holds_more_than_memory_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a,label\n" + b"1,2\n" * 10**7))
    for module in ("machine", "datasets.user.delimited_text"):
        monkeypatch.setattr(f"experiments.{module}.available_mib", lambda: 10.0)
    assert "at least 2621441 bytes of text need about 10 MiB" in refusal(tmp_path / "t.csv.gz")


def test_categories_are_counted_before_they_are_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame({"c": [f"c{i % 30}" for i in range(6000)], "label": [0, 1] * 3000})
    frame.to_csv(tmp_path / "t.csv", index=False)
    monkeypatch.setattr("experiments.machine.available_mib", lambda: 1.0)
    assert "6000 rows of 31 features, one for each category, need" in refusal(tmp_path / "t.csv")
