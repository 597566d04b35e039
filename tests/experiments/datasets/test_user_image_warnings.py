"""What Pillow warns of while it reads files is told in a note, and does not reach the terminal."""

from __future__ import annotations

import logging
import struct
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from user_files import folder_of, load

from experiments.datasets.user.image_files import decoder_warnings, is_image, opened
from experiments.datasets.user.image_reading import image_sizes, read_images

TAG_BEYOND_THE_FILE = struct.pack("<HHHLL", 1, 0x010E, 2, 5000, 26) + b"\0\0\0\0"
TRUNCATED_TAGS = struct.pack("<H", 9) + b"\x12\x01"


def save_with_tags(path: Path, tags: bytes) -> Path:
    """A readable JPEG file whose EXIF data are damaged; Pillow warns of them."""
    exif = b"Exif\0\0II*\0" + struct.pack("<L", 8) + tags
    Image.new("L", (6, 4), 200).save(path, "JPEG", exif=exif)
    return path


def test_the_number_and_the_first_name_are_told(tmp_path: Path) -> None:
    folder_of(tmp_path, "a", "b", count=70)  # more than one thread reads at a time
    first = save_with_tags(tmp_path / "a" / "damaged.jpg", TAG_BEYOND_THE_FILE)
    save_with_tags(tmp_path / "b" / "damaged.jpg", TRUNCATED_TAGS)
    data = load(tmp_path)
    assert len(data) == 142
    assert abs(int(data.x[70].max()) - 200) < 3
    told = [note for note in data.notes if "decoder" in note]
    assert told == [
        "the decoder warns of 2 images, which were read nevertheless; the first is "
        f"{first} (Tag data larger than file. Skipping tag 270)"
    ]


def test_images_in_memory_are_counted_one_by_one(tmp_path: Path) -> None:
    path = save_with_tags(tmp_path / "a.jpg", TRUNCATED_TAGS)
    with warnings.catch_warnings(action="ignore"):
        images = [Image.open(BytesIO(path.read_bytes())) for _ in range(3)]
    assert "warns of 3 images" in read_images(images).notes[-1]


def test_looking_at_files_warns_of_nothing(tmp_path: Path) -> None:
    path = save_with_tags(tmp_path / "scan", TRUNCATED_TAGS)
    assert is_image(path)
    assert image_sizes([path]) == ((6, 4),)


def test_frames_with_transparent_colours(tmp_path: Path) -> None:
    """Pillow advises against converting them from the palette to grey."""
    folder_of(tmp_path, "a", "b")
    frame = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(4, 6)).convert("P")
    frame.info["transparency"] = bytes(range(0, 240, 10))
    frame.save(tmp_path / "a" / "moving.png", save_all=True, append_images=[frame.rotate(180)])
    notes = load(tmp_path).notes
    assert any("several frames" in note for note in notes)
    assert not any("decoder" in note for note in notes)


def test_other_warnings_and_the_settings_of_pillow_are_left_alone(tmp_path: Path) -> None:
    path = save_with_tags(tmp_path / "a.jpg", TRUNCATED_TAGS)
    limit, handlers = Image.MAX_IMAGE_PIXELS, list(logging.getLogger("PIL").handlers)
    with (
        warnings.catch_warnings(action="always", record=True) as seen,
        decoder_warnings() as told,
        opened(path),
    ):
        warnings.warn("mine", UserWarning, stacklevel=1)
    assert [str(warning.message) for warning in seen] == ["mine"]
    assert [warned.name for warned in told.values()] == [str(path)]
    assert limit == Image.MAX_IMAGE_PIXELS
    assert logging.getLogger("PIL").handlers == handlers
    with pytest.warns(UserWarning, match="Corrupt EXIF"):
        Image.open(path).close()
