"""The user's own data, by path: arrays, tables, images."""

from __future__ import annotations

from pathlib import Path

from common.errors import UserError
from experiments.datasets.base import DatasetSource
from experiments.datasets.user.arrays import arrays_at
from experiments.datasets.user.images import images_at
from experiments.datasets.user.listed_images import listed_images_at
from experiments.datasets.user.tables import table_at


def source_at(name: str, path: Path) -> DatasetSource:
    """The source of the data at ``path``; the dataset is called ``name``.

    Raises ``UserError`` where it is nothing of a known form.
    """
    for at in (arrays_at, listed_images_at, table_at, images_at):
        source = at(name, path)
        if source is not None:
            return source
    raise UserError(
        f"own data {name!r} must be an .npz, .csv or .parquet file, or a folder of such tables, "
        "of .npy parts, or with one folder of images a class"
    )
