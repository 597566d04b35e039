"""What a user can get wrong: each ends before training, with one line and status 2, and leaves
store and disk as they were."""

from __future__ import annotations

import gzip
import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import joblib
import numpy as np
import pytest
from PIL import Image

from experiments.commands.audit import main as audit
from experiments.commands.grid import main as grid
from experiments.commands.trial import main as trial

WITHIN = 20.0
"""Processor seconds to refuse; most of them import libraries."""

USUAL: dict[Callable[[Sequence[str] | None], int], dict[str, str]] = {
    trial: {"dataset": "wine", "model": "mlp", "glitch": "uniform_noise"},
    grid: {"grid": "embedded"},
}
Case = tuple[str, Callable[[Sequence[str] | None], int], dict[str, str], str]


def csv(folder: Path, name: str, rows: list[str]) -> None:
    (folder / f"{name}.csv").write_text("\n".join(rows) + "\n")


def table(label: Callable[[int], str], cell: Callable[[int], str] = str) -> list[str]:
    return ["a,b,y", *(f"{cell(i)},{i % 7},{label(i)}" for i in range(60))]


@pytest.fixture
def folder(tmp_path: Path, store_uri: str) -> Path:
    """A data root with much in it that is wrong."""
    csv(tmp_path, "good", table(lambda i: "pq"[i % 2]))
    csv(tmp_path, "constant", table(lambda i: "p"))
    csv(tmp_path, "lonely", table(lambda i: "q" if i == 0 else "pr"[i % 2]))
    csv(tmp_path, "infinite", table(lambda i: "pq"[i % 2], lambda i: "inf" if i == 3 else str(i)))
    np.savez(tmp_path / "nan.npz", x=np.full((40, 2), np.nan), y=np.arange(40) % 2)
    np.savez(tmp_path / "no_y.npz", x=np.zeros((40, 2)))
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 not really")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 not really")
    csv(tmp_path, "continuous", table(lambda i: f"{i / 7}"))
    csv(tmp_path, "unlabelled", table(lambda i: "" if i == 5 else "pq"[i % 2]))
    csv(tmp_path, "other_columns", ["a,c,y", *(f"{i},{i},{'pq'[i % 2]}" for i in range(60))])
    (tmp_path / "single" / "cat").mkdir(parents=True)
    for number in range(12):
        Image.new("RGB", (8, 8)).save(tmp_path / "single" / "cat" / f"{number}.png")
    (tmp_path / "covertype").mkdir()
    for part in ("samples", "targets"):
        joblib.dump(Path, tmp_path / "covertype" / f"{part}_py3", compress=9)
    for label in ("cat", "dog"):
        (tmp_path / "images" / label).mkdir(parents=True)
        for number in range(12):
            Image.new("RGB", (8, 8)).save(tmp_path / "images" / label / f"{number}.png")
    (tmp_path / "images" / "dog" / "3.png").write_bytes(b"no picture")
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part, kind in (("train", 60000), ("t10k", 10000)):
        for what in ("images-idx3", "labels-idx1"):
            (raw / f"{part}-{what}-ubyte.gz").write_bytes(gzip.compress(b"\0" * (kind % 7)))
    weights = tmp_path / "weights" / "resnet20-12fca82f.th"
    weights.parent.mkdir()
    weights.write_bytes(b"other weights")
    for name, text in {
        "unknown_key": 'cells = []\ncell = "x"\n',
        "impossible": '[[cells]]\ndataset = "wine"\nmodel = "resnet20"\nglitch = "none"\n',
    }.items():
        (tmp_path / f"{name}.toml").write_text(text)
    return tmp_path


CASES: list[Case] = [
    ("dataset", trial, {"dataset": "winne"}, "unknown dataset 'winne' (did you mean 'wine'?)"),
    ("model", trial, {"model": "mpl"}, "unknown model 'mpl' (did you mean 'mlp'?)"),
    ("glitch", trial, {"glitch": "uniform_nois"}, "(did you mean 'uniform_noise'?)"),
    ("signal", trial, {"signals": "self_influense"}, "(did you mean 'self_influence'?)"),
    ("estimator", trial, {"estimator": "exakt"}, "unknown estimator 'exakt' (did you mean 'exact'"),
    ("grid", grid, {"grid": "embeded"}, "unknown grid 'embeded' (did you mean 'embedded'?)"),
    ("option", trial, {"sede": "1"}, "unrecognized arguments: --sede 1"),
    ("ratio high", trial, {"ratio": "0.51"}, "(0, 0.5]"),
    ("ratio zero", trial, {"ratio": "0"}, "(0, 0.5]"),
    ("ratio nan", trial, {"ratio": "nan"}, "nan"),
    ("ratio text", trial, {"ratio": "much"}, "--ratio: invalid float value: 'much'"),
    ("seed", trial, {"seed": "-1"}, "seed"),
    ("epochs", trial, {"epochs": "0"}, "epochs must be at least 1"),
    ("learning rate", trial, {"learning_rate": "-1"}, "learning_rate must be positive"),
    ("threads", trial, {"threads": "0"}, "threads must be in [1, 1024], got 0"),
    ("device", trial, {"device": "gpuu"}, "device must be cpu"),
    ("odd device", trial, {"device": "meta"}, "device must be cpu"),
    ("many threads", trial, {"threads": "9" * 30}, "threads must be in [1, 1024]"),
    ("many cpus", grid, {"cpus": "100000"}, "cpus must be in [1, 1024], got 100000"),
    ("endless limit", grid, {"time_limit": "inf"}, "time_limit must be positive and finite"),
    ("no limit", grid, {"time_limit": "nan"}, "time_limit must be positive and finite"),
    ("long path", trial, {"dataset": "a" * 300 + ".csv"}, "too long"),
    ("long file name", grid, {"grid": "a" * 300 + ".toml"}, "cannot be read"),
    ("line break", trial, {"experiment": "a\nb"}, "line break or control character in 'a\\nb'"),
    ("unknown home", trial, {"dataset": "~nobody-here/x.csv"}, "home directory"),
    ("cpus", grid, {"cpus": "0"}, "cpus must be in [1, 1024], got 0"),
    ("time limit", grid, {"time_limit": "-3"}, "time_limit must be positive and finite, got -3"),
    ("choice", grid, {"missing": "ignore"}, "must be refuse or fetch or skip, got 'ignore'"),
    ("filter", grid, {"only": "dataset"}, "a filter must be field=value, got 'dataset'"),
    ("filter field", grid, {"only": "datset=wine"}, "unknown trial field 'datset'"),
    ("filter value", grid, {"only": "dataset=iris"}, "no trial of the grid has dataset=iris"),
    ("modality", trial, {"glitch": "stripe_outliers"}, "is for image data"),
    ("model modality", trial, {"model": "resnet20"}, "is for image data"),
    (
        "no eligible class",
        trial,
        {"dataset": "digits_table", "glitch": "near_clustered_anomalies", "ratio": "0.3"},
        "0.3",
    ),
    ("mixture", trial, {"glitch": "uniform_noise:0.3+near_clustered_anomalies:0.4"}, "0.5"),
    (
        "corruption",
        trial,
        {
            "dataset": "mnist",
            "model": "resnet20",
            "glitch": "published_corruption(corruption=fogg)",
        },
        "fogg",
    ),
    ("no data", trial, {"dataset": "jannis", "model": "mlp"}, "--fetch downloads it"),
    ("no numbers", trial, {"dataset": "covertype"}, "does not belong to a numeric array"),
    ("truncated data", trial, {"dataset": "mnist", "model": "resnet20"}, "mnist"),
    (
        "wrong checksum",
        trial,
        {"dataset": "digits", "model": "resnet20", "pretrained": "true"},
        "sha256 must be",
    ),
    ("own data not there", trial, {"dataset": "gone.csv"}, "gone.csv"),
    ("no label named", trial, {"dataset": "good.csv"}, "label"),
    ("label missing", trial, {"dataset": "good.csv", "label": "z"}, "'z'"),
    ("label constant", trial, {"dataset": "constant.csv", "label": "y"}, "y"),
    ("class of one row", trial, {"dataset": "lonely.csv", "label": "y"}, "q"),
    ("infinite", trial, {"dataset": "infinite.csv", "label": "y"}, "inf"),
    ("nan", trial, {"dataset": "nan.npz"}, "nan"),
    ("array missing", trial, {"dataset": "no_y.npz"}, "y"),
    ("no archive", trial, {"dataset": "broken.npz"}, "broken.npz"),
    ("no parquet", trial, {"dataset": "broken.parquet", "label": "y"}, "broken.parquet"),
    ("unreadable image", trial, {"dataset": "images", "model": "small_convnet"}, "3.png"),
    ("grid key", grid, {"grid": "unknown_key.toml"}, "unknown key 'cell' (did you mean 'cells'?)"),
    ("grid cell", grid, {"grid": "impossible.toml"}, "impossible.toml, cell 1: model 'resnet20'"),
    ("store kind", trial, {"tracking_uri": "runs"}, "allowed: sqlite:///FILE"),
    ("store away", grid, {"tracking_uri": "http://127.0.0.1:1"}, "cannot be used"),
    ("store folder", grid, {"tracking_uri": "sqlite:///none/mlflow.db"}, "no directory"),
    ("data root", trial, {"data_root": "nowhere"}, "data root 'nowhere' is not a directory"),
    ("ray address", grid, {"ray_address": "here"}, "must be host:port or auto, got 'here'"),
    ("ray port", grid, {"ray_address": "127.0.0.1:99999"}, "got '127.0.0.1:99999'"),
    ("ray away", grid, {"ray_address": "127.0.0.1:1"}, "no Ray cluster answers at 127.0.0.1:1"),
    ("attempts", grid, {"attempts": "0"}, "attempts must be in [1, 100], got 0"),
    ("audit of nothing", audit, {}, "missing: --data"),
    ("audit not there", audit, {"data": "gone.csv"}, "gone.csv"),
    ("one class", audit, {"data": "single"}, "at least 2 classes"),
    ("audit unreadable", audit, {"data": "images"}, "3.png"),
    ("continuous label", audit, {"data": "continuous.csv", "label": "y"}, "looks continuous"),
    ("row without label", audit, {"data": "unlabelled.csv", "label": "y"}, "leave the row out"),
    (
        "validation of other columns",
        audit,
        {"data": "good.csv", "label": "y", "validation": "other_columns.csv"},
        "lacks columns of the training set: b",
    ),
    ("run", trial, {"from_run": "0123"}, "--from-run names the whole trial"),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_bad_input(
    case: Case,
    folder: Path,
    store_uri: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, command, changes, message = case
    monkeypatch.chdir(folder)
    monkeypatch.setenv("INFLUENCE_CACHE", str(folder / "cache"))
    monkeypatch.setenv("INFLUENCE_DATA_ROOT", str(folder))
    given = {"tracking_uri": store_uri} | USUAL.get(command, {}) | changes
    argv = [word for k, v in given.items() for word in (f"--{k.replace('_', '-')}", v)]
    before = contents(folder)
    began = time.process_time()
    status = command(argv)
    assert time.process_time() - began < WITHIN
    said = capsys.readouterr()
    assert status == 2, said
    assert message in said.err
    assert said.err.startswith("error: ")
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert contents(folder) == before


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
