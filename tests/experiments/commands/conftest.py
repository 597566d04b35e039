from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from audit_standin import WRONG, diagnose
from PIL import Image
from sklearn.datasets import load_digits, load_wine

from experiments.commands.audit import main


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of digits 0 to 2, one file in twenty in a wrong one; names are hostile."""
    root = tmp_path_factory.mktemp("data") / "digits & <b>co"
    digits = load_digits()
    chosen = np.flatnonzero(digits.target < 3)[:300]
    for place, row in enumerate(chosen):
        label = int(digits.target[row])
        if place in WRONG:
            label = (label + 1) % 3
        folder = root / f"{label} </script><script>alert('x')</script>".replace("/", "∕")
        folder.mkdir(parents=True, exist_ok=True)
        pixels = (digits.images[row] * 15.9).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{place} 'ü' \"q\" <i>.png")
    return root


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wine as a CSV file, one label in twenty wrong."""
    wine = load_wine(as_frame=True)
    names = np.array(["red", "<b>white", "rosé, dry"])
    labels = wine.target.to_numpy().copy()
    wrong = [row for row in WRONG if row < len(labels)]
    labels[wrong] = (labels[wrong] + 1) % 3
    path = tmp_path_factory.mktemp("data") / "wine.csv"
    wine.data.assign(kind=names[labels]).to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db"


@pytest.fixture(scope="session")
def audited_images(images: Path, store: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of an audit of the images."""
    out = tmp_path_factory.mktemp("out")
    argv = ["--data", str(images), "--model", "small_convnet", "--out", str(out)]
    assert main([*argv, "--tracking-uri", store, "--cache", str(out / "cache")], diagnose) == 0
    return out


@pytest.fixture(scope="session")
def audited_table(table: Path, store: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of an audit of the table."""
    out = tmp_path_factory.mktemp("out")
    argv = ["--data", str(table), "--label", "kind", "--out", str(out)]
    assert main([*argv, "--tracking-uri", store, "--cache", str(out / "cache")], diagnose) == 0
    return out


@pytest.fixture
def suspicions(audited_images: Path) -> pd.DataFrame:
    return pd.read_parquet(audited_images / "suspicions.parquet")


@pytest.fixture
def ignored_sigterm() -> Iterator[None]:
    """SIGTERM does not end the tests if a command does not take it."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGTERM, before)
