"""Image checks: what they find, on what they are measured, and that no flag depends on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from sklearn.datasets import load_sample_images

from common.dataset import Dataset
from experiments.audit.explain.image_checks import CHECKS, failed, failing, image_checks, score
from experiments.audit.input.data import AuditData, read
from experiments.audit.prepare import AuditInput, in_memory
from experiments.training.context import TrialContext

N, SIDE = 12, 64
PHOTOS = load_sample_images().images


def crops() -> list[Image.Image]:
    """Sharp, bright parts of two photographs."""
    corners = [(i % 2, 150 + 20 * (i // 2), 100 + 60 * (i // 2)) for i in range(N)]
    return [
        Image.fromarray(PHOTOS[number][top : top + SIDE, left : left + SIDE])
        for number, top, left in corners
    ]


def damaged() -> list[Image.Image]:
    """The crops; the first are dark, light, blurry, empty, and of another size and shape."""
    images = crops()
    images[0] = images[0].point(lambda level: level * 0.1)
    images[1] = images[1].point(lambda level: 245 + level * 0.03)
    flower = Image.fromarray(PHOTOS[1][100:300, 120:320])
    images[2] = flower.filter(ImageFilter.GaussianBlur(8)).resize((SIDE, SIDE))
    images[3] = Image.new("RGB", (SIDE, SIDE), (130, 130, 130))
    images[4] = images[4].resize((SIDE * 8, SIDE * 8))
    images[5] = images[5].resize((SIDE * 4, SIDE // 4))
    return images


LABELS = np.arange(N) % 2
EXPECTED = {0: "dark", 1: "light", 2: "blurry", 3: "low_information", 4: "odd_size"}


def saved(folder: Path) -> Path:
    for row, image in enumerate(damaged()):
        (folder / str(LABELS[row])).mkdir(exist_ok=True)
        image.save(folder / str(LABELS[row]) / f"{row:02}.png")
    return folder


def test_damaged_images_fail_their_check() -> None:
    checks = image_checks(in_memory(AuditInput(damaged(), LABELS)))
    assert list(checks.columns[:2]) == ["is_low_information_issue", "low_information_score"]
    for row, check in EXPECTED.items():
        assert check in failed(checks, row)
        assert failing(checks, check)[0] == row
    assert failed(checks, 5) == ["odd_aspect_ratio"]
    assert not [failed(checks, row) for row in range(6, N) if failed(checks, row)]
    scores = checks[[score(check) for check in CHECKS]].to_numpy()
    assert ((scores >= 0) & (scores <= 1)).all()


def test_images_from_files_and_from_memory_are_checked_alike(tmp_path: Path) -> None:
    by_file = read(str(saved(tmp_path)), None, None, TrialContext(cache=tmp_path / "cache"))
    order = [int(Path(name).stem) for name in by_file.files]
    in_files = image_checks(by_file)
    here = image_checks(in_memory(AuditInput(damaged(), LABELS))).iloc[order]
    np.testing.assert_array_equal(in_files.to_numpy(), here.to_numpy())


def test_what_most_images_have_is_not_marked() -> None:
    dark = [image.point(lambda level: level * 0.1) for image in crops()]
    checks = image_checks(in_memory(AuditInput(dark, LABELS)))
    assert not failing(checks, "dark").size
    assert (checks["dark_score"] < 0.32).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_arrays_of_one_shape_have_no_odd_sizes(channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (N, 8, 8, channels)).astype(np.uint8)
    train = Dataset("x", "image", pixels, LABELS, ("a", "b"), np.arange(N))
    checks = image_checks(AuditData(train))
    assert len(checks) == N
    assert not failing(checks, "odd_size").size
    assert not failing(checks, "odd_aspect_ratio").size


def test_tables_have_no_checks() -> None:
    table = Dataset(
        "t", "tabular", np.zeros((N, 2), np.float32), LABELS, ("a", "b"), np.arange(N), ("u", "v")
    )
    checks = image_checks(AuditData(table))
    assert checks.shape == (N, 0)
    assert not failing(checks, "dark").size
