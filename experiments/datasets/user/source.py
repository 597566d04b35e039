"""From a path to the source of the user's data there."""

from __future__ import annotations

from pathlib import Path

from common.errors import UserError
from experiments.datasets.base import DatasetSource
from experiments.datasets.user.arrays import ArrayFolder, array_file_at, array_parts
from experiments.datasets.user.delimited_text import is_delimited
from experiments.datasets.user.image_files import is_image, shown
from experiments.datasets.user.image_folder import ImageFolder
from experiments.datasets.user.image_list import ImageList, file_column
from experiments.datasets.user.tables import UserTable, is_table, read_table, table_files

FORMS = (
    "a .csv, .tsv, .parquet or .npz file, a folder of such tables or of .npy parts, or a folder "
    "with one folder of images for each class"
)


def source_at(name: str, path: Path) -> DatasetSource:
    """The source of the data at ``path``, with ``name`` as the name of the dataset.

    Raises ``UserError`` if the path has no known form, or more than one.
    """
    try:
        return _folder(name, path) if path.is_dir() else _file(name, path)
    except OSError as error:
        raise UserError(f"{shown(name)} cannot be read: {error.strerror}") from error


def _file(name: str, path: Path) -> DatasetSource:
    if not path.is_file():
        raise UserError(
            f"{shown(name)} is neither a regular file nor a folder; data must be {FORMS}"
        )
    if path.suffix.lower() == ".npz":
        return array_file_at(name, path)
    if not is_table(path):
        raise UserError(f"user data {shown(name)!r} must be {FORMS}")
    if not is_delimited(path):
        return UserTable(name, path, (path,))
    table = read_table(path)
    column = file_column(path, table)
    if column is None:
        return UserTable(name, path, (path,), table)
    return ImageList(name, path, column, table)


def _folder(name: str, path: Path) -> DatasetSource:
    folder = ImageFolder(name, path)
    tables, images = table_files(path), folder.image_paths()
    found = {"tables": tables, "folders of images": images, ".npy parts": array_parts(path)}
    forms = [form for form, files in found.items() if files]
    if len(forms) > 1:
        raise UserError(
            f"{shown(name)} has {' and '.join(forms)}; name the file or folder that is meant, or "
            f"remove the others (such as {shown((tables or images)[0])})"
        )
    if tables:
        return UserTable(name, path, tuple(tables))
    if images:
        return folder
    if found[".npy parts"]:
        return ArrayFolder(name, path)
    if any(is_image(file) for file in path.iterdir() if file.is_file()):
        raise UserError(
            f"{shown(name)} has images but no class folders; sort them into one folder for each "
            "class, or list them with their labels in a CSV file"
        )
    raise UserError(f"user data {shown(name)!r} must be {FORMS}")
