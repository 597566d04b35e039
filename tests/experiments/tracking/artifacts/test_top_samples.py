"""Contact sheets, lists of suspicious rows and curves of a trial."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from common.dataset import Dataset, Modality
from common.unusual_features import unusual_features
from experiments import schema
from experiments.tracking.artifacts.contact_sheet import Tile, contact_sheet
from experiments.tracking.artifacts.curves import write_curves
from experiments.tracking.artifacts.top_samples import (
    SHEET_SIZE,
    suspicious_rows,
    write_suspects,
)
from experiments.trial.resolve import resolve
from experiments.trial.result import DatasetIdentity, TrialResult
from glitches.contaminated import ERROR_COLUMNS, NO_TRUE_LABEL, Contaminated
from influence.profile import Profile

N = 40
SIGNALS = ("self_influence", "my_signal")


def result(modality: Modality, curves: dict[str, list[float]] | None = None) -> TrialResult:
    """A trial of two classes whose last sample is the most suspicious one."""
    rng = np.random.default_rng(0)
    if modality == "image":
        x: np.ndarray = rng.integers(0, 255, (N, 8, 8, 3), dtype=np.uint8)
    else:
        x = rng.normal(size=(N, 3)).astype(np.float32)
    labels = np.tile([0, 1], N // 2)
    data = Dataset("toy", modality, x, labels, ("cat", "dog"), np.arange(N) + 100, ("a", "b", "c"))
    train = Contaminated.clean(data)
    train.true_label[-1] = NO_TRUE_LABEL
    train = train.marked(np.array([N - 1]), "far_clustered_anomalies")
    scores = train.error_table()
    for signal in SIGNALS:
        scores[signal] = np.arange(N, dtype=float)
    empty = np.zeros((2, N))
    return TrialResult(
        resolve({"dataset": "wine", "model": "mlp", "glitch": "uniform_noise"}, None),
        DatasetIdentity("toy", "0", N, 2, modality),
        train,
        data,
        scores,
        {},
        curves or {},
        Profile(empty, np.zeros((2, N, 2)), np.zeros((2, N, 2)), np.array([1, 1])),
        {},
        1.0,
    )


def test_scores_begin_with_the_error_table() -> None:
    scores = result("tabular").scores
    assert tuple(scores.columns) == (*ERROR_COLUMNS, *SIGNALS)


def test_images_get_one_sheet_a_signal(tmp_path: Path) -> None:
    write_suspects(result("image"), tmp_path / "s")
    assert sorted(p.name for p in (tmp_path / "s").iterdir()) == [
        "my_signal.png",
        "self_influence.png",
    ]
    with Image.open(tmp_path / "s" / "my_signal.png") as sheet:
        assert sheet.width > sheet.height > 100


def test_the_most_suspicious_sample_comes_first(tmp_path: Path) -> None:
    found = result("image")
    x = np.zeros_like(found.train.data.x)
    x[N - 1, :, :, 1] = 255
    data = Dataset("toy", "image", x, found.train.data.y, ("cat", "dog"), np.arange(N))
    green = Contaminated(data, found.train.glitch, found.train.true_label)
    object.__setattr__(found, "train", green)
    write_suspects(found, tmp_path)
    with Image.open(tmp_path / "self_influence.png") as sheet:
        pixels = np.asarray(sheet.convert("RGB")).astype(int)
    rows, columns = np.nonzero(pixels[:, :, 1] - pixels[:, :, 0] > 200)
    assert columns.max() < pixels.shape[1] / 8
    assert rows.max() < pixels.shape[0] / 3


def test_a_sheet_holds_tiles_in_reading_order_and_frames_glitches() -> None:
    black = np.zeros((4, 4, 1), dtype=np.uint8)
    tiles = [Tile(black, ["one"], False), Tile(black, ["a very long caption indeed"], True)]
    sheet = np.asarray(contact_sheet(tiles, columns=2)).astype(int)
    orange = (sheet[:, :, 0] - sheet[:, :, 2]) > 150
    assert orange.any()
    assert np.nonzero(orange)[1].min() > sheet.shape[1] / 2
    assert (sheet[:, -8:] == 255).all(), "a long caption is cut at its tile"


def test_rows_of_a_table_with_their_most_unusual_features(tmp_path: Path) -> None:
    found = result("tabular")
    found.train.data.x[N - 1] = [0.0, 50.0, -9.0]
    table = suspicious_rows(found)
    first = table.iloc[0]
    assert (first["signal"], first["rank"], first["row"]) == ("self_influence", 1, N - 1)
    assert (first["label"], first["true_label"]) == ("dog", "other set")
    assert (first["source_index"], first["glitch"]) == (N + 99, "far_clustered_anomalies")
    assert first["unusual"].startswith("b = 50 (+")
    assert "c = -9 (-" in first["unusual"]
    assert table.groupby("signal")["rank"].apply(list).map(lambda r: r == sorted(r)).all()
    write_suspects(found, tmp_path)
    assert len(pd.read_csv(tmp_path / schema.SUSPECTS_TABLE)) == len(table)


def test_deviation_is_that_from_samples_of_the_same_label() -> None:
    x = np.zeros((9, 2), dtype=np.float32)
    x[:, 0] = [0, 1, 2, 3, 4, 10, 11, 12, 40]
    labels = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1])
    data = Dataset("toy", "tabular", x, labels, ("a", "b"), np.arange(9))
    texts = unusual_features(data, np.array([4, 8]))
    assert texts[0].startswith(f"x0 = 4 ({2 / 1.4826:+.1f})")
    assert texts[1].startswith(f"x0 = 40 ({28.5 / 1.4826:+.1f})")
    assert "x1 = 0 (+0.0)" in texts[0]


@pytest.mark.parametrize("signals", [2, 12])
def test_curves(tmp_path: Path, signals: int) -> None:
    curves = {f"epoch_f1/s{i}": [0.1, 0.5] for i in range(signals)} | {
        "accuracy/train": [0.4, 0.9],
        "loss/train": [2.0, 1.0],
    }
    write_curves(result("image", curves), tmp_path / schema.CURVES_FILE)
    write_curves(result("image"), tmp_path / "none.png")
    assert (tmp_path / schema.CURVES_FILE).stat().st_size > (tmp_path / "none.png").stat().st_size
    assert SHEET_SIZE == 24
