"""Images that are too many for memory lie in a temporary file, and nobody notices."""

import shutil
import tempfile
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for
from experiments.datasets.user import image_reading, pixel_store

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    x = np.random.default_rng(0).integers(0, 256, (150, 6, 5), dtype=np.uint8)
    for row, pixels in enumerate(x):
        path = tmp_path / "data" / f"class {row % 2}" / f"{row:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return tmp_path / "data"


@pytest.mark.parametrize("threads", [1, 3])
def test_a_file_holds_what_memory_would(
    threads: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = source_for(str(folder), None).load(DataOptions())
    monkeypatch.setattr(pixel_store, "IN_MEMORY_BYTES", 0)
    monkeypatch.setattr(image_reading, "cores", lambda: threads)
    monkeypatch.setattr(image_reading, "CHUNK", 7)
    told: list[tuple[str, int, int]] = []
    options = DataOptions(progress=lambda *step: told.append(step))
    found = source_for(str(folder), None).load(options)
    np.testing.assert_array_equal(found.x, expected.x)
    assert found.digest == expected.digest
    assert not found.x.flags.writeable
    np.testing.assert_array_equal(found.take(np.array([149, 0])).x, expected.x[[149, 0]])
    assert told[0] == ("files checked", 7, 150)
    assert told[-2:] == [("images read", 147, 150), ("images read", 150, 150)]


def test_the_first_file_that_cannot_be_read_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_reading, "cores", lambda: 3)
    monkeypatch.setattr(image_reading, "CHUNK", 7)
    for name in ("class 0/100.png", "class 1/001.png"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])
    limit = Image.MAX_IMAGE_PIXELS
    with pytest.raises(UserError, match=r"class 0/100\.png cannot be read as an image"):
        source_for(str(folder), None).load(DataOptions())
    assert limit == Image.MAX_IMAGE_PIXELS


def test_a_full_temporary_folder_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixel_store, "IN_MEMORY_BYTES", 0)
    source = source_for(str(folder), None)

    def full(*args: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 1))
        with pytest.raises(UserError, match="150 images need 0 MiB in the temporary folder"):
            source.load(DataOptions())
    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(UserError, match=f"{tempfile.gettempdir()}: No space left on device; set"):
        source.load(DataOptions())
