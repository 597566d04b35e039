"""Datasets of torch and of Hugging Face as samples and labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, Subset, TensorDataset

from common.errors import UserError
from experiments.audit.prepare import AuditInput, in_memory

RNG = np.random.default_rng(0)
N = 40
PIXELS = RNG.integers(0, 256, (N, 6, 5), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (N, 6, 5, 3), dtype=np.uint8)
Y = np.arange(N) % 2
NAMES = ["cat", "dog"]


class Items(Dataset[Any]):
    """A map-style dataset of given items."""

    def __init__(self, item: Callable[[int], Any], classes: list[str] | None = None) -> None:
        self._item = item
        if classes:
            self.classes = classes

    def __len__(self) -> int:
        return N

    def __getitem__(self, row: int) -> Any:
        return self._item(row)


class NotOfTorch:
    """The same form without torch's class."""

    def __len__(self) -> int:
        return N

    def __getitem__(self, row: int) -> Any:
        return Image.fromarray(PIXELS[row]), int(Y[row])


def to_tensor(image: np.ndarray) -> torch.Tensor:
    """As torchvision's ToTensor does."""
    return torch.from_numpy(np.atleast_3d(image).transpose(2, 0, 1).copy()).float() / 255


GREY = [
    Items(lambda row: (Image.fromarray(PIXELS[row]), int(Y[row]))),
    Items(lambda row: (PIXELS[row], torch.tensor(Y[row]))),
    Items(lambda row: (to_tensor(PIXELS[row]), Y[row])),
    Items(lambda row: {"img": PIXELS[row][..., None], "target": int(Y[row])}),
    TensorDataset(torch.from_numpy(PIXELS)[:, None], torch.from_numpy(Y)),
    NotOfTorch(),
]


@pytest.mark.parametrize("dataset", GREY, ids=range(len(GREY)))
def test_images(dataset: Any) -> None:
    train = in_memory(AuditInput(dataset)).train
    np.testing.assert_array_equal(train.x, PIXELS[..., None])
    assert train.y.tolist() == Y.tolist()


def test_colours_sizes_and_names() -> None:
    dataset = Items(lambda row: (to_tensor(COLOUR[row]), int(Y[row])), NAMES)
    train = in_memory(AuditInput(Subset(dataset, list(range(30))))).train
    np.testing.assert_array_equal(train.x, COLOUR[:30])
    assert train.class_names == ("cat", "dog")
    sizes = Items(lambda row: (Image.new("L", (5 + (row == 3), 6)), int(Y[row])))
    assert any("1 of 40 images have another size" in n for n in in_memory(AuditInput(sizes)).notes)


def test_rows_of_a_table() -> None:
    x = torch.from_numpy(RNG.normal(size=(N, 3)).astype(np.float32))
    train = in_memory(AuditInput(TensorDataset(x, torch.from_numpy(Y)))).train
    np.testing.assert_array_equal(train.x, x.numpy())
    frame = pd.DataFrame({"a": x[:, 0].numpy(), "b": ["u", "u", "v", "v"] * 10, "label": Y})
    table = datasets.Dataset.from_pandas(frame)
    for given in (AuditInput(table), AuditInput(frame), AuditInput(frame.drop(columns="label"), Y)):
        assert in_memory(given).train.x.shape == (N, 3)


def hugging_face(**columns: Any) -> datasets.Dataset:
    features = datasets.Features(
        {name: datasets.Image() for name in columns}
        | {"y": datasets.ClassLabel(names=NAMES), "id": datasets.Value("int64")}
    )
    return datasets.Dataset.from_dict({**columns, "y": Y, "id": range(N)}, features=features)


def test_hugging_face_images() -> None:
    images = [Image.fromarray(image) for image in PIXELS]
    train = in_memory(AuditInput(hugging_face(scan=images))).train
    np.testing.assert_array_equal(train.x, PIXELS[..., None])
    assert train.class_names == ("cat", "dog")
    two = hugging_face(scan=images, mask=images)
    with pytest.raises(UserError, match=r"scan, mask, y, id; say which has the images, image_key"):
        in_memory(AuditInput(two))
    np.testing.assert_array_equal(in_memory(AuditInput(two, image_key="mask")).train.x, train.x)


def test_a_reference_dataset() -> None:
    dataset = GREY[0]
    other = Items(lambda row: (Image.fromarray(255 - PIXELS[row]), int(Y[row])))
    data = in_memory(AuditInput(dataset, reference=other))
    assert data.validation is not None
    np.testing.assert_array_equal(data.validation.x, 255 - PIXELS[..., None])


def closed(row: int) -> Image.Image:
    """An image whose file has been closed."""
    image = Image.fromarray(PIXELS[row])
    image.close()
    return image


REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (Items(lambda row: PIXELS[row]), {}, "must return pairs .* got ndarray for item 0"),
    (Items(lambda row: (PIXELS[row], 0, 1)), {}, "got tuple for item 0"),
    (Items(lambda row: {"img": PIXELS[row]}), {}, "say which has the labels, label_name"),
    (Items(lambda row: {"img": PIXELS[row], "y": 0}), {"label_name": "z"}, "column of data 'z'"),
    (Items(lambda row: (to_tensor(PIXELS[row]) - 0.5, Y[row])), {}, "without that transform"),
    (Items(lambda row: (torch.zeros(4, 8, 8), Y[row])), {}, r"shape \(8, 8, 4\)"),
    (Items(lambda row: (RNG.integers(0, 256, (6, 6)), Y[row])), {}, "random augmentation"),
    (Items(lambda row: (PIXELS[row], 0)), {}, "at least 2 classes"),
    (
        Items(lambda row: (PIXELS[row], Y[row]) if row < 9 else None),
        {},
        "item 9 must be a pair .* got NoneType",
    ),
    (
        Items(lambda row: {"img": PIXELS[row]} | ({"y": 0} if row < 9 else {})),
        {},
        "item 9 must have the columns of item 0, img, y",
    ),
    (
        Items(lambda row: (PIXELS[row], np.eye(2)[Y[row]])),
        {},
        "labels must be one label for each row, got ndarray",
    ),
    (Items(lambda row: (PIXELS[row][:0], Y[row])), {}, r"got uint8 of shape \(0, 5\)"),
    (Items(lambda row: (closed(row), Y[row])), {}, "the sample of item 0 cannot be read"),
    (
        Items(lambda row: (PIXELS[row], -1 if row == 9 else int(Y[row])), NAMES),
        {},
        "labels has no value in row 9",
    ),
    (Subset(Items(lambda row: (PIXELS[row], 0)), []), {}, "no rows"),
    (pd.DataFrame({"a": range(N)}), {}, "labels are missing: .* label_name"),
    ([Image.fromarray(PIXELS[0]), "x"], {"labels": [0, 1]}, "images only, got str"),
]


@pytest.mark.parametrize(("data", "options", "message"), REFUSED, ids=[r[2] for r in REFUSED])
def test_what_is_refused(data: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        in_memory(AuditInput(data, **options))
    assert len(str(raised.value).splitlines()) == 1


def test_an_item_that_cannot_be_read_is_named() -> None:
    def item(row: int) -> Any:
        if row == 7:
            raise OSError("broken\nfile")
        return PIXELS[row], int(Y[row])

    with pytest.raises(UserError, match=r"data: item 7 cannot be read: OSError: broken file$"):
        in_memory(AuditInput(Items(item)))


@pytest.mark.parametrize(
    ("length", "message"),
    [
        (lambda: -1, "length cannot be used: ValueError: .* must return the number of items"),
        (lambda: 2.5, "length cannot be used: TypeError"),
        (lambda: None, "length cannot be used: TypeError"),
        (lambda: 10**30, "length cannot be used: OverflowError"),
        (lambda: int("many"), "length cannot be used: ValueError"),
        (lambda: N + 1, f"item {N} cannot be read: IndexError"),
    ],
)
def test_a_length_that_is_wrong(length: Callable[[], Any], message: str) -> None:
    class Odd(NotOfTorch):
        def __len__(self) -> Any:
            return length()

    with pytest.raises(UserError, match=message) as error:
        in_memory(AuditInput(Odd()))
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match=f"reference.*{message}"):
        in_memory(AuditInput(NotOfTorch(), reference=Odd()))
