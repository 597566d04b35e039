"""Arrays: an ``.npz`` file with ``x`` and ``y``, or a folder of ``.npy`` parts."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from common.dataset import Dataset, Modality
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.user.labels import encoded_labels, encoded_marks
from experiments.datasets.user.tables import table

PARTS = ("train", "val", "test")
LABEL = "label"


@dataclass(frozen=True)
class ArrayFile:
    """Samples ``x`` and labels ``y`` of an ``.npz`` file; or ``x_train`` and ``y_train``.

    ``x`` is a table (n, d) of finite numbers, or images (n, height, width) or (n, height, width,
    1 or 3) of whole numbers from 0 to 255. Labels and marks of known glitches may have other
    names; all else in the file is left alone.
    """

    name: str
    path: Path
    samples: str
    modality: Modality
    subset: float = 1.0
    foreign: str | None = None

    def missing(self, options: DataOptions) -> str | None:
        """Nothing: the file exists."""
        return None

    def load(self, options: DataOptions) -> Dataset:
        """The arrays; position is the row."""
        label = options.label or self.samples.replace("x", "y", 1)
        with _readable(self.path), np.load(self.path, allow_pickle=False) as stored:
            for key in (label, options.glitch):
                if key is not None and key not in stored:
                    raise UserError(f"{self.path} lacks {key!r}; it has {', '.join(stored)}")
            x, y = stored[self.samples], stored[label]
            marks = None if options.glitch is None else stored[options.glitch]
        for key, array in ((label, y), (options.glitch, marks)):
            if array is not None and array.size != len(x):
                raise UserError(
                    f"{self.path}: {key!r} must have one value a sample, {len(x)}, however: "
                    f"{array.shape}"
                )
        labels, classes = encoded_labels(f"{self.name}: {label!r}", pd.Series(y.ravel()))
        return Dataset(
            name=self.name,
            modality=self.modality,
            x=_images(self.path, x) if self.modality == "image" else _numbers(self.path, x),
            y=labels,
            class_names=classes,
            source_index=np.arange(len(labels)),
            known_glitch=None
            if marks is None
            else encoded_marks(f"{self.name}: {options.glitch!r}", pd.Series(marks.ravel())),
        )


@dataclass(frozen=True)
class ArrayFolder:
    """A table in the folder format of Gorishniy et al. 2021: ``N_<part>.npy`` (numbers),
    ``C_<part>.npy`` (categories, where there are any) and ``y_<part>.npy``.

    The parts that have both samples and labels follow each other: train, val, test.
    """

    name: str
    path: Path
    modality: Modality = "tabular"
    subset: float = 1.0
    foreign: str | None = None

    def missing(self, options: DataOptions) -> str | None:
        """Nothing: the folder exists."""
        return None

    def load(self, options: DataOptions) -> Dataset:
        """The table; position is the row, counted over the parts."""
        if options.label is not None or options.glitch is not None:
            raise UserError(f"{self.name}: a folder of .npy parts has no columns to name")
        frame = pd.concat([self._part(part) for part in _parts(self.path)], ignore_index=True)
        return table(self.name, frame, LABEL, None)

    def _part(self, part: str) -> pd.DataFrame:
        columns: dict[str, NDArray[np.generic]] = {}
        for kind in ("N", "C"):
            path = self.path / f"{kind}_{part}.npy"
            if path.exists():
                array = self._array(path)
                columns |= {f"{kind}{j}": array[:, j] for j in range(array.shape[1])}
        labels = self._array(self.path / f"y_{part}.npy")
        try:
            return pd.DataFrame(columns | {LABEL: labels})
        except ValueError as error:
            raise UserError(f"{self.path}: samples and labels of {part!r}: {error}") from error

    def _array(self, path: Path) -> NDArray[np.generic]:
        with _readable(path):
            array: NDArray[np.generic] = np.load(path, allow_pickle=False)
        return array


def arrays_at(name: str, path: Path) -> ArrayFile | ArrayFolder | None:
    """The source of an ``.npz`` file or a folder of ``.npy`` parts; ``None`` if it is neither."""
    if path.is_dir():
        return ArrayFolder(name, path) if _parts(path) else None
    if path.suffix != ".npz":
        return None
    shapes = _shapes(path)
    samples = next((key for key in ("x", "x_train") if key in shapes), None)
    if samples is None:
        raise UserError(
            f"{path} must hold x and y, or x_train and y_train, however: {', '.join(shapes)}"
        )
    dimensions = len(shapes[samples])
    if dimensions not in {2, 3, 4}:
        raise UserError(
            f"{path}: {samples} must be a table (n, d) or images (n, height, width[, channels]), "
            f"however: {shapes[samples]}"
        )
    return ArrayFile(name, path, samples, "tabular" if dimensions == 2 else "image")


def _parts(folder: Path) -> list[str]:
    return [
        part
        for part in PARTS
        if (folder / f"y_{part}.npy").exists()
        and any((folder / f"{kind}_{part}.npy").exists() for kind in "NC")
    ]


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of the arrays of an ``.npz`` file, from their headers alone."""
    shapes = {}
    with _readable(path), zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            with archive.open(member) as file:
                version = npy_format.read_magic(file)
                read = (
                    npy_format.read_array_header_1_0
                    if version == (1, 0)
                    else npy_format.read_array_header_2_0
                )
                shapes[member.removesuffix(".npy")] = read(file)[0]
    return shapes


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """What numpy and zipfile say of a broken file, as one line that names it."""
    try:
        yield
    except UserError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())}") from error


def _images(path: Path, x: NDArray[np.generic]) -> NDArray[np.uint8]:
    images = x if x.ndim == 4 else x[..., None]
    if images.shape[3] not in {1, 3}:
        raise UserError(f"{path}: images must have 1 or 3 channels, last, however: {x.shape}")
    if not np.issubdtype(images.dtype, np.integer) or images.min() < 0 or images.max() > 255:
        raise UserError(
            f"{path}: images must be whole numbers from 0 to 255, however: {images.dtype} from "
            f"{images.min()} to {images.max()}"
        )
    return images.astype(np.uint8, copy=False)


def _numbers(path: Path, x: NDArray[np.generic]) -> NDArray[np.float32]:
    if not (np.issubdtype(x.dtype, np.number) or x.dtype == bool):
        raise UserError(f"{path}: a table must hold numbers, however: {x.dtype}")
    with np.errstate(over="ignore"):  # infinite numbers are refused by their place
        return np.ascontiguousarray(x, np.float32)
