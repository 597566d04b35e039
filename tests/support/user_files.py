"""Small files of a user, and what reading them gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.dataset import Dataset
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for


def load(path: Path) -> Dataset:
    """The dataset at a path, read with the default options."""
    return source_for(str(path), None).load(DataOptions())


def refusal(path: Path) -> str:
    """The one line with which a path is refused."""
    with pytest.raises(UserError) as error:
        load(path)
    assert "\n" not in str(error.value)
    return str(error.value)


def folder_of(root: Path, *classes: str, count: int = 3) -> Path:
    """The root, below which each of these folders has some grey images, 6 × 4 pixels."""
    for value, name in enumerate(classes):
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            pixels = np.full((4, 6), 60 * value + i, np.uint8)
            Image.fromarray(pixels).save(root / name / f"{i}.png")
    return root


def csv(path: Path, *rows: str) -> Path:
    """The path, at which these rows, the header first, are written."""
    path.write_text("\n".join(rows) + "\n")
    return path
