"""Arrays: an ``.npz`` file with ``x`` and ``y``, or a folder of ``.npy`` parts."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, ClassVar, NamedTuple

import numpy as np
import pandas as pd
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from common.dataset import Dataset, Modality
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.user.encoding import numeric_features
from experiments.datasets.user.labels import encoded_labels, encoded_marks
from experiments.datasets.user.own_data import OwnData
from experiments.datasets.user.tables import Table, dataset_of
from experiments.machine import check_memory

PARTS = ("train", "val", "test")
LABEL = "label"


class Header(NamedTuple):
    """What the header of a stored array says."""

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]


@dataclass(frozen=True)
class ArrayFile(OwnData):
    """Samples ``x`` and labels ``y`` of an ``.npz`` file; or ``x_train`` and ``y_train``.

    ``x`` is a table (n, d) of finite numbers, or images (n, height, width) or (n, height, width,
    1 or 3) of whole numbers from 0 to 255. Labels and marks of known glitches may have other
    names; other arrays are ignored.
    """

    samples: str
    modality: Modality

    def label(self, options: DataOptions) -> str:
        """The name of the labels."""
        return options.label or self.samples.replace("x", "y", 1)

    def load(self, options: DataOptions) -> Dataset:
        """The arrays; position is the row."""
        dataset, x = self._read(options)
        if self.modality == "image":
            return replace(dataset, x=image_array(f"{self.path}: {self.samples}", x))
        features = numeric_features(f"{self.path}: {self.samples}", x)
        return replace(dataset, x=features.x, notes=features.notes)

    def load_with(self, other: ArrayFile, options: DataOptions) -> tuple[Dataset, Dataset]:
        """This table and another one with the same columns, which are centred and scaled alike."""
        (first, x), (second, z) = self._read(options), other._read(options)
        if x.shape[1:] != z.shape[1:] or x.ndim != 2:
            return self.load(options), other.load(options)
        both = numeric_features(f"{self.path}: {self.samples}", np.concatenate([x, z]))
        return (
            replace(first, x=both.x[: len(x)], notes=both.notes),
            replace(second, x=both.x[len(x) :]),
        )

    def _read(self, options: DataOptions) -> tuple[Dataset, NDArray[np.generic]]:
        """The dataset with no features yet, and the samples as they are stored."""
        label = self.label(options)
        wanted = [key for key in (label, options.glitch) if key is not None]
        headers = array_headers(self.path)
        for key in wanted:
            if key not in headers:
                raise UserError(f"{self.path} lacks {key!r}; it has {', '.join(headers)}")
        rows = headers[self.samples].shape[0]
        for key in wanted:
            _check_one_per_row(self.path, key, headers[key].shape, rows)
        arrays = read_arrays(self.path, [self.samples, *wanted])
        y, marks = arrays[label], arrays.get(options.glitch or "")
        labels, classes = encoded_labels(f"{self.name}: {label!r}", _series(self.path, label, y))
        dataset = Dataset(
            name=self.name,
            modality=self.modality,
            x=np.empty((rows, 0), np.float32),
            y=labels,
            class_names=classes,
            source_index=np.arange(len(labels)),
            known_glitch=None
            if marks is None
            else encoded_marks(
                f"{self.name}: {options.glitch!r}", _series(self.path, str(options.glitch), marks)
            ),
        )
        return dataset, arrays[self.samples]


@dataclass(frozen=True)
class ArrayFolder(OwnData):
    """A table in the folder format of Gorishniy et al. 2021: ``N_<part>.npy`` (numbers),
    ``C_<part>.npy`` (categories, if there are any) and ``y_<part>.npy``.

    The parts that have both samples and labels are concatenated: train, val, test.
    """

    modality: ClassVar[Modality] = "tabular"

    def load(self, options: DataOptions) -> Dataset:
        """The table; position is the row, counted over the parts."""
        if options.label is not None or options.glitch is not None:
            raise UserError(f"{self.name}: a folder of .npy parts has no named columns")
        frame = pd.concat([self._part(part) for part in self.parts()], ignore_index=True)
        return dataset_of(self.name, Table(frame), LABEL, None)

    def parts(self) -> list[str]:
        """The parts that have samples and labels."""
        return array_parts(self.path)

    def _part(self, part: str) -> pd.DataFrame:
        labels = self.array(f"y_{part}")
        columns: dict[str, NDArray[np.generic]] = {LABEL: labels.ravel()}
        for kind in ("N", "C"):
            if not (self.path / f"{kind}_{part}.npy").exists():
                continue
            array = self.array(f"{kind}_{part}")
            if array.ndim != 2 or len(array) != len(labels) or labels.ndim != 1:
                raise UserError(
                    f"{self.path}: {kind}_{part} must have shape (n, d) and y_{part} shape (n,), "
                    f"got {array.shape} and {labels.shape}"
                )
            columns |= {f"{kind}{j}": array[:, j] for j in range(array.shape[1])}
        return pd.DataFrame(columns)

    def array(self, name: str) -> NDArray[np.generic]:
        """One of the arrays."""
        path = self.path / f"{name}.npy"
        with readable(path):
            with path.open("rb") as file:
                header = _header(file)
            _check_size(path, name, header, path.stat().st_size)
            array = np.load(path, allow_pickle=False)
        return _native(array)


def array_file_at(name: str, path: Path) -> ArrayFile:
    """The source of an ``.npz`` file, by the headers of its arrays.

    Raises ``UserError`` if it has no samples of a known form.
    """
    headers = array_headers(path)
    samples = next((key for key in ("x", "x_train") if key in headers), None)
    if samples is None:
        raise UserError(
            f"{path} must have x and y, or x_train and y_train, got {', '.join(headers)}"
        )
    shape = headers[samples].shape
    if len(shape) not in {2, 3, 4}:
        raise UserError(
            f"{path}: {samples} must be a table (n, d) or images (n, height, width[, channels]), "
            f"got shape {shape}"
        )
    return ArrayFile(name, path, samples, "tabular" if len(shape) == 2 else "image")


def array_parts(folder: Path) -> list[str]:
    """The parts of a folder of ``.npy`` files that have samples and labels."""
    return [
        part
        for part in PARTS
        if (folder / f"y_{part}.npy").exists()
        and any((folder / f"{kind}_{part}.npy").exists() for kind in "NC")
    ]


def array_headers(path: Path) -> dict[str, Header]:
    """Shapes and types of the arrays of an ``.npz`` file, from their headers alone.

    Raises ``UserError`` if a header declares more than the file contains or memory can hold.
    """
    headers = {}
    with readable(path), zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                continue
            name = member.filename.removesuffix(".npy")
            with archive.open(member) as file:
                headers[name] = _header(file)
            _check_size(path, name, headers[name], member.file_size)
    return headers


def read_arrays(path: Path, names: list[str]) -> dict[str, NDArray[np.generic]]:
    """Arrays of an ``.npz`` file, checked by :func:`array_headers`."""
    with readable(path), np.load(path, allow_pickle=False) as stored:
        return {name: _native(stored[name]) for name in names}


def _native(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """The array in the byte order of this machine."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _header(file: IO[bytes]) -> Header:
    version = npy_format.read_magic(file)
    reader = (
        npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    )
    shape, _, dtype = reader(file)
    return Header(shape, dtype)


def _check_size(path: Path, name: str, header: Header, stored: int) -> None:
    if header.dtype.hasobject:
        raise UserError(f"{path}: {name} holds Python objects; store numbers or text")
    size = math.prod(header.shape) * header.dtype.itemsize
    if size > stored:
        raise UserError(
            f"{path}: {name} is truncated or altered: its header declares {size} bytes, the file "
            f"has {stored}"
        )
    # the array, its copy in float32, and what is computed
    check_memory(f"{path}: {name} of shape {header.shape} and its copies", 3 * size)


def _check_one_per_row(path: Path, key: str, shape: tuple[int, ...], rows: int) -> None:
    if math.prod(shape) == rows and len(shape) in {1, 2}:
        return
    hint = ""
    if len(shape) == 2 and shape[0] == rows:
        hint = f"; if it is one-hot, store {key}.argmax(1)"
    raise UserError(
        f"{path}: {key!r} must have one value for each of {rows} rows, got {shape}{hint}"
    )


def _series(path: Path, key: str, array: NDArray[np.generic]) -> pd.Series:
    if array.dtype.kind == "V":
        raise UserError(f"{path}: {key!r} must be text or whole numbers, got {array.dtype}")
    return pd.Series(array.ravel())


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what numpy and zipfile raise for a broken file into one line that names it."""
    try:
        yield
    except UserError:
        raise
    except MemoryError as error:
        raise UserError(f"{path} does not fit into memory") from error
    except Exception as error:  # zipfile and numpy raise anything for altered files
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())[:200]}") from error


def image_array(what: str, x: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Images (n, height, width, 1 or 3) from an array with whole numbers from 0 to 255.

    Raises ``UserError``, which says how to convert the array, for any other.
    """
    images = x if x.ndim == 4 else x[..., None]
    if images.ndim != 4 or 0 in images.shape:
        raise UserError(f"{what} must be images (n, height, width[, 1 or 3]), got shape {x.shape}")
    if images.shape[3] not in {1, 3}:
        hint = ""
        if images.shape[1] in {1, 3}:
            hint = "; move the channels to the end, x.transpose(0, 2, 3, 1)"
        elif images.shape[3] == 4:
            hint = "; remove the alpha channel"
        raise UserError(f"{what} must have 1 or 3 channels, last, got shape {x.shape}{hint}")
    if images.dtype == bool:
        return images.astype(np.uint8) * np.uint8(255)
    if images.dtype.kind not in "uif":
        raise UserError(f"{what} must be whole numbers from 0 to 255, got {images.dtype}")
    low, high = images.min(), images.max()
    if not (low >= 0 and high <= 255) or (images.dtype.kind == "f" and (images % 1 != 0).any()):
        hint = "; multiply by 255 and round" if low >= 0 and high <= 1 else ""
        raise UserError(
            f"{what} must be whole numbers from 0 to 255, got {images.dtype} from {low} to "
            f"{high}{hint}"
        )
    return images.astype(np.uint8, copy=False)
