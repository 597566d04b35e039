"""Samples and labels of a map-style dataset: of torch, of Hugging Face, or of the same form.

Such a dataset has a length and returns sample ``i`` for ``dataset[i]``: a pair (sample, label), or
a mapping of columns. Neither library is imported; a dataset is known by what it offers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy import sparse
from torch import Tensor

from common.errors import UserError, unknown_name

LABEL_KEYS: Final = ("label", "labels", "target", "y")
IMAGE_KEYS: Final = ("image", "img", "pixels", "x")
TOLERANCE: Final = 1e-3
"""How far 255 times a pixel in [0, 1] may be from a whole number."""


@dataclass(frozen=True)
class Columns:
    """Samples and labels as :func:`experiments.audit.arrays.audit_data` takes them."""

    x: Any
    y: pd.Series


def is_map_style(data: object) -> bool:
    """Whether this is a dataset that is read item by item, rather than an array or a table."""
    known = (Sequence, Mapping, np.ndarray, pd.DataFrame, pd.Series, Tensor)
    if isinstance(data, known) or sparse.issparse(data) or hasattr(data, "__array__"):
        return False
    return hasattr(data, "__getitem__") and hasattr(data, "__len__")


def columns_of(name: str, dataset: Any, label_name: str | None, image_key: str | None) -> Columns:
    """Read a dataset item by item.

    Args:
        name: of the argument, for errors.
        dataset: map-style.
        label_name: key of the labels; by default the only ``ClassLabel`` feature, or one of
            ``LABEL_KEYS``.
        image_key: key of the images; by default the only ``Image`` feature, or one of
            ``IMAGE_KEYS``. Items without images are rows of a table.

    Raises:
        UserError: the dataset is empty, an item has another form, or it changes from one reading to
            the next.
    """
    length = _length(name, dataset)
    if not length:
        raise UserError(f"{name} has no rows")
    first = _item(name, dataset, 0)
    if isinstance(first, Mapping):
        features = dict(getattr(dataset, "features", None) or {})
        label = label_name or _key(name, first, features, "ClassLabel", LABEL_KEYS, "label_name")
        image = image_key or _key(name, first, features, "Image", IMAGE_KEYS, None)
        for key in (label, image):
            if key is not None and key not in first:
                raise unknown_name(f"column of {name}", key, map(str, first))
        names = getattr(features.get(label), "names", None) or _class_names(dataset)
        rows = [_item(name, dataset, row) for row in range(length)]
        for number, row in enumerate(rows):
            if not isinstance(row, Mapping) or first.keys() - row.keys():
                raise UserError(
                    f"{name}: item {number} must have the columns of item 0, {', '.join(first)}"
                )
        y = _named([row[label] for row in rows], names)
        if image is None:
            frame = pd.DataFrame(
                [{k: _plain(v) for k, v in row.items() if k != label} for row in rows]
            )
            return Columns(frame, y)
        return Columns(_samples(name, dataset, [row[image] for row in rows], image), y)
    if not isinstance(first, tuple | list) or len(first) != 2:
        raise UserError(
            f"{name} must return pairs (sample, label) or mappings of columns, got "
            f"{type(first).__name__} for item 0"
        )
    pairs = [_item(name, dataset, row) for row in range(length)]
    for number, pair in enumerate(pairs):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise UserError(
                f"{name}: item {number} must be a pair (sample, label) like item 0, got "
                f"{type(pair).__name__}"
            )
    y = _named([label for _, label in pairs], _class_names(dataset))
    return Columns(_samples(name, dataset, [sample for sample, _ in pairs], None), y)


def _length(name: str, dataset: Any) -> int:
    try:
        return len(dataset)
    except Exception as error:  # the user's code, or Python, which takes no other number
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{name}: its length cannot be used: {type(error).__name__}: {reason}; __len__ must "
            "return the number of items"
        ) from error


def _item(name: str, dataset: Any, row: int) -> Any:
    try:
        return dataset[row]
    except Exception as error:  # the user's code, and the decoders that it calls
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{name}: item {row} cannot be read: {type(error).__name__}: {reason}"
        ) from error


def _key(  # noqa: PLR0913, PLR0917  # what is looked for, and what it is called
    name: str,
    item: Mapping[str, Any],
    features: Mapping[str, Any],
    kind: str,
    usual: tuple[str, ...],
    option: str | None,
) -> str | None:
    """The key of a role: the only feature of that kind, or a usual name; ``None`` if there is none
    and no option is named that must be given then."""
    typed = [key for key in item if type(features.get(key)).__name__ == kind]
    found = typed or [key for key in usual if key in item]
    if len(typed) > 1 or (not found and option is not None):
        raise UserError(
            f"{name} has the columns {', '.join(map(str, item))}; say which has the "
            f"{'labels' if option else 'images'}, {option or 'image_key'}=..."
        )
    return found[0] if found else None


def _samples(name: str, dataset: Any, samples: list[Any], key: str | None) -> Any:
    """Images as a list of Pillow images, other samples as one array."""
    first = samples[0]
    again = _item(name, dataset, 0)[key or 0]
    try:
        same = _same(first, again)
    except Exception as error:  # of a decoder
        raise UserError(f"{name}: the sample of item 0 cannot be read: {error}") from error
    if not same:
        raise UserError(
            f"{name} returns another sample each time (random augmentation?); pass the dataset "
            "without it"
        )
    if isinstance(first, Image.Image):
        return samples
    arrays = [_plain(sample) for sample in samples]
    if np.ndim(arrays[0]) < 2:
        return np.asarray(arrays)
    return [
        _picture(name, np.asarray(array), channels_first=isinstance(first, Tensor))
        for array in arrays
    ]


def _picture(name: str, pixels: NDArray[Any], *, channels_first: bool) -> Image.Image:
    """An array (height, width[, 1 or 3]) as an image; tensors have their channels first."""
    if pixels.ndim == 3 and channels_first:
        pixels = np.moveaxis(pixels, 0, -1)
    if pixels.dtype.kind == "f" and pixels.size:
        scaled = pixels.astype(np.float64) * 255
        whole = np.rint(scaled)
        if not (np.abs(scaled - whole) < TOLERANCE).all() or not (
            0 <= whole.min() <= whole.max() <= 255
        ):
            raise UserError(
                f"{name} has images of {pixels.dtype} that are not pixels scaled to [0, 1] "
                "(normalised or augmented?); pass the dataset without that transform"
            )
        pixels = whole
    fits = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[-1] in (1, 3))
    if not fits or not pixels.size or pixels.min() < 0 or pixels.max() > 255:
        raise UserError(
            f"{name} must have images (height, width[, 1 or 3]), or tensors (1 or 3, height, "
            f"width), of integers from 0 to 255, got {pixels.dtype} of shape {pixels.shape}"
        )
    flat = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels
    return Image.fromarray(np.ascontiguousarray(flat.astype(np.uint8)))


def _plain(value: Any) -> Any:
    """A value that pandas and NumPy understand."""
    if not isinstance(value, Tensor):
        return value
    return value.item() if not value.ndim else value.detach().cpu().numpy()


def _same(a: Any, b: Any) -> bool:
    return bool(np.array_equal(np.asarray(_plain(a)), np.asarray(_plain(b))))


def _class_names(dataset: Any) -> Sequence[str] | None:
    """The names of the classes, which a part of a dataset takes from the whole."""
    while dataset is not None:
        names = getattr(dataset, "classes", None)
        if isinstance(names, Sequence) and all(isinstance(name, str) for name in names):
            return names
        dataset = getattr(dataset, "dataset", None)
    return None


def _named(labels: list[Any], names: Sequence[str] | None) -> pd.Series:
    """Labels by name if they are numbers of named classes.

    -1 is a missing label, as in the datasets of Hugging Face.
    """
    y = pd.Series([_plain(label) for label in labels])
    numbered = pd.api.types.is_integer_dtype(y) and not pd.api.types.is_bool_dtype(y)
    if (
        names
        and numbered
        and -1 <= y.min() <= y.max() < len(names)
        and len(set(names)) == len(names)
    ):
        return y.map(dict(enumerate(names)))  # of -1, a missing value
    return y
