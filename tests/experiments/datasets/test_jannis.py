"""OpenML's protocol, on a small table."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from loopback_mirror import Mirror, serving
from sklearn.datasets import _openml

from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.jannis import JANNIS

mirror = pytest.fixture(serving)

# what scikit-learn says before it fetches again
pytestmark = pytest.mark.filterwarnings("ignore:Invalid cache, redownloading file:RuntimeWarning")

TABLE = np.random.default_rng(0).normal(size=(8, 3)).round(3)
TABLE_PATH = "/data/v1/download/1/jannis.arff"
LABELS = [3, 0, 1, 2, 3, 2, 1, 0]


@pytest.fixture
def openml(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    """A server that answers what scikit-learn asks OpenML for data id 41168."""
    rows = [
        ",".join([*map(str, row), str(label)]) for row, label in zip(TABLE, LABELS, strict=True)
    ]
    columns = [f"@ATTRIBUTE V{j} REAL" for j in range(1, 4)]
    arff = "\n".join(
        ["@RELATION jannis", *columns, "@ATTRIBUTE class {0,1,2,3}", "@DATA", *rows, ""]
    ).encode()
    description = {
        "id": "41168",
        "name": "jannis",
        "version": "1",
        "format": "ARFF",
        "status": "active",
        "file_id": "1",
        "url": mirror.address + TABLE_PATH,
        "default_target_attribute": "class",
        "md5_checksum": hashlib.md5(arff, usedforsecurity=False).hexdigest(),
        "description": "a small one",
    }
    features = [
        {
            "index": str(j),
            "name": "class" if j == 3 else f"V{j + 1}",
            "data_type": "nominal" if j == 3 else "numeric",
            "is_target": str(j == 3).lower(),
            "is_ignore": "false",
            "is_row_identifier": "false",
            "number_of_missing_values": "0",
        }
        for j in range(4)
    ]
    qualities = [{"name": "NumberOfInstances", "value": "8.0"}]
    api = "/api/v1/json/data"
    for path, content in (
        (f"{api}/41168", {"data_set_description": description}),
        (f"{api}/features/41168", {"data_features": {"feature": features}}),
        (f"{api}/qualities/41168", {"data_qualities": {"quality": qualities}}),
    ):
        mirror.files[path] = json.dumps(content).encode()
    mirror.files[TABLE_PATH] = arff
    for name in ("_DATA_INFO", "_DATA_FEATURES", "_DATA_QUALITIES"):
        address = getattr(_openml, name).replace("https://www.openml.org", mirror.address)
        monkeypatch.setattr(_openml, name, address)
    return mirror


def test_the_table_is_fetched_once(openml: Mirror, tmp_path: Path) -> None:
    options = DataOptions(tmp_path)
    assert JANNIS.missing(options) == (
        f"openml from https://www.openml.org/d/41168 would be downloaded to {tmp_path}"
    )
    for _ in range(2):
        data = JANNIS.load(options)
    assert JANNIS.missing(options) is None
    assert openml.requests[TABLE_PATH] == 1
    assert data.x == pytest.approx(TABLE)
    assert data.x.dtype == np.float32
    assert data.y.tolist() == LABELS
    assert data.class_names == ("0", "1", "2", "3")
    assert data.feature_names == ("V1", "V2", "V3")


def test_a_table_with_a_wrong_checksum_is_refused_and_fetched_again(
    openml: Mirror, tmp_path: Path
) -> None:
    whole = openml.files[TABLE_PATH]
    openml.files[TABLE_PATH] += b"1,2,3,0\n"
    with pytest.raises(UserError, match=r"jannis: .* does not match the expected checksum"):
        JANNIS.load(DataOptions(tmp_path))
    assert JANNIS.missing(DataOptions(tmp_path)) is not None
    openml.files[TABLE_PATH] = whole
    assert len(JANNIS.load(DataOptions(tmp_path))) == 8


def test_a_broken_download_starts_again(openml: Mirror, tmp_path: Path) -> None:
    openml.broken.add(TABLE_PATH)
    with pytest.raises(UserError, match="could not be downloaded from OpenML"):
        JANNIS.load(DataOptions(tmp_path))
    openml.broken.clear()
    assert len(JANNIS.load(DataOptions(tmp_path))) == 8


@pytest.mark.filterwarnings("ignore:A network error occurred while downloading:UserWarning")
def test_a_server_that_does_not_know_it(
    openml: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_openml.time, "sleep", lambda _: None)  # between scikit-learn's retries
    openml.files.clear()
    with pytest.raises(UserError, match="could not be downloaded from OpenML"):
        JANNIS.load(DataOptions(tmp_path))
    assert JANNIS.missing(DataOptions(tmp_path)) is not None
