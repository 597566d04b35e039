"""Epsilon, from the LIBSVM files."""

from __future__ import annotations

import bz2
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.datasets import load_svmlight_file

from common.dataset import Dataset, Modality
from common.errors import UserError
from experiments.datasets.base import DataOptions
from experiments.datasets.download import PublicFile, fetched, made_folder, missing_files
from experiments.datasets.user.labels import encoded_labels

ADDRESS = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/binary"
CHUNK = 2000
"""Rows parsed at once: 16 MB as an array."""

MIB = 1 << 20


@dataclass(frozen=True)
class Epsilon:
    """500,000 × 2,000, 2 classes: LIBSVM's training file and then its test file.

    The files are parsed in chunks into a memory-mapped array on disk, so that only the rows in use
    occupy memory. With a cache directory they are parsed once and shared.
    """

    files: tuple[PublicFile, ...]
    n_features: int = 2000
    modality: Modality = "tabular"
    subset: float = 0.1
    foreign: str | None = None

    def missing(self, options: DataOptions) -> str | None:
        """Those of the two files that do not exist."""
        return missing_files(options.data_root, self.files)

    def load(self, options: DataOptions) -> Dataset:
        """All rows of the files; truncated copies of the published files give fewer rows."""
        paths = [fetched("epsilon", file, options.data_root) for file in self.files]
        if options.cache is None:
            with TemporaryFile() as samples:
                labels = self._parse(paths, samples)
                x = self._mapped(samples, len(labels))
        else:
            folder = options.cache / "datasets" / f"epsilon-{_content_key(paths)}"
            made_folder("epsilon", folder, partial(self._keep, paths))
            labels = np.load(folder / "labels.npy", allow_pickle=False)
            with (folder / "samples").open("rb") as samples:
                x = self._mapped(samples, len(labels))
        y, classes = encoded_labels("epsilon: the labels", pd.Series(labels))
        return Dataset(
            name="epsilon",
            modality=self.modality,
            x=x,
            y=y,
            class_names=classes,
            source_index=np.arange(len(y)),
        )

    def _keep(self, paths: Sequence[Path], folder: Path) -> None:
        folder.mkdir()
        with (folder / "samples").open("wb") as samples:
            labels = self._parse(paths, samples)
        np.save(folder / "labels.npy", labels)

    def _parse(self, paths: Sequence[Path], samples: IO[bytes]) -> NDArray[np.float64]:
        """Write the samples as float32, row by row; returns the labels."""
        labels = []
        for path in paths:
            for x, y in self._chunks(path):
                samples.write(x.tobytes())
                labels.append(y)
        samples.flush()
        return np.concatenate(labels)

    def _chunks(self, path: Path) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float64]]]:
        try:
            with bz2.open(path, "rb") as lines:
                while chunk := b"".join(islice(lines, CHUNK)):
                    x, y = load_svmlight_file(
                        BytesIO(chunk),
                        n_features=self.n_features,
                        dtype=np.float32,
                        zero_based=False,
                    )
                    yield x.toarray(), y
        except (OSError, ValueError, EOFError) as error:
            raise UserError(
                f"epsilon: {path} is truncated or altered ({' '.join(str(error).split())}); "
                "delete it to download it again"
            ) from error

    def _mapped(self, samples: IO[bytes], rows: int) -> NDArray[np.float32]:
        return np.memmap(samples, np.float32, mode="r", shape=(rows, self.n_features))


def _content_key(paths: Sequence[Path]) -> str:
    """Key of the content: size, first and last bytes; bz2 ends with a checksum of everything."""
    digest = hashlib.sha256()
    for path in paths:
        size = path.stat().st_size
        digest.update(f"{size} ".encode())
        with path.open("rb") as file:
            digest.update(file.read(MIB))
            file.seek(max(0, size - MIB))
            digest.update(file.read(MIB))
    return digest.hexdigest()[:16]


EPSILON = Epsilon(
    (
        PublicFile(
            "epsilon/epsilon_normalized.bz2",
            (f"{ADDRESS}/epsilon_normalized.bz2",),
            "sha256:aff916d4f97f18d286558ca088d2a9f7e1fcee9376539a5aa6ef5b7ef9dfa978",
        ),
        PublicFile(
            "epsilon/epsilon_normalized.t.bz2",
            (f"{ADDRESS}/epsilon_normalized.t.bz2",),
            "sha256:cb299295ad11e200696eaa3050f5d8cf700eaa9c65e6aa859bda959f8669458b",
        ),
    )
)
