"""From the dataset of a trial, a registered name or a path, to the source of its data."""

from __future__ import annotations

from pathlib import Path

from common.errors import UserError, unknown_name
from experiments.datasets import DATASETS
from experiments.datasets.base import DatasetSource


class NoDataError(UserError):
    """There is nothing at the path of the user's data."""


def source_for(dataset: str, data_root: Path | None) -> DatasetSource:
    """The registered source of that name, or the user's data at that path.

    Args:
        dataset: a registered name or a path. A relative path is looked up in the working
            directory first, then in ``data_root``.
        data_root: the user's directory of data and weights, if there is one.

    Raises:
        NoDataError: nothing is at the path.
        UserError: neither a dataset nor a file has that name, or the file cannot be read.
    """
    if dataset in DATASETS:
        return DATASETS[dataset]
    # here, because the readers load pandas and scikit-learn: --help does not wait for them
    from experiments.datasets.user.source import source_at  # noqa: PLC0415 - see above

    path = _path(dataset)
    folders = [Path.cwd()] if data_root is None else [Path.cwd(), data_root.absolute()]
    found = next((folder / path for folder in folders if _exists(folder / path)), None)
    if found is not None:
        return source_at(dataset, found)
    if path.suffix or "/" in dataset:
        searched = " and ".join(map(str, folders))
        raise NoDataError(f"there is no data at {dataset!r}; searched {searched}")
    raise UserError(f"{unknown_name('dataset', dataset, DATASETS)}; or a path to your own data")


def canonical_dataset(dataset: str) -> str:
    """The same dataset in a form that does not depend on the working directory: a registered name,
    an absolute path, or a path relative to the data root.

    >>> canonical_dataset("digits")
    'digits'
    """
    if dataset in DATASETS:
        return dataset
    path = _path(dataset)
    return str(path.absolute()) if _exists(path) else dataset


def _path(dataset: str) -> Path:
    if not dataset.strip():
        raise UserError(f"data must be a path or a registered name, got {dataset!r}")
    try:
        return Path(dataset).expanduser()
    except RuntimeError as error:  # ~ of an unknown user
        raise UserError(f"there is no data at {dataset!r}: {error}") from error


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError) as error:  # too long, not permitted, or with a null character
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"there is no data at {str(path)[:200]!r}: {reason}") from error
