"""User data at a path: arrays, tables, images."""

from __future__ import annotations

from pathlib import Path

from common.errors import UserError
from experiments.datasets.base import DatasetSource
from experiments.datasets.user.arrays import arrays_at
from experiments.datasets.user.image_folder import image_folder_at
from experiments.datasets.user.image_list import image_list_at
from experiments.datasets.user.tables import table_at


def source_at(name: str, path: Path) -> DatasetSource:
    """The source of the data at ``path``, with ``name`` as the name of the dataset.

    Raises ``UserError`` if the path has no known form.
    """
    for at in (arrays_at, image_list_at, table_at, image_folder_at):
        source = at(name, path)
        if source is not None:
            return source
    raise UserError(
        f"user data {name!r} must be an .npz, .csv or .parquet file, or a folder of such tables, "
        "of .npy parts, or with one folder of images for each class"
    )
