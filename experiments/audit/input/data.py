"""Read the data of an audit, and note what had to be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from common.dataset import Dataset
from common.errors import UserError, unknown_name
from experiments.audit.input.columns import read_tables
from experiments.audit.input.label_notes import imbalance_note, order_note
from experiments.audit.parts import checked_groups
from experiments.datasets.base import DataOptions, DatasetSource
from experiments.datasets.lookup import source_for
from experiments.datasets.user.arrays import ArrayFile
from experiments.datasets.user.image_files import shown
from experiments.datasets.user.image_list import ImageList
from experiments.datasets.user.image_reading import CHUNK, image_sizes
from experiments.datasets.user.labels import DEFAULT_LABEL, listed, name_notes, plain_name
from experiments.datasets.user.pixel_store import pixel_store
from experiments.datasets.user.tables import Table, UserTable
from experiments.training.context import TrialContext
from glitches.images import matched
from models.feature_cache import row_digests

FEW = 5
"""A class with fewer samples is audited, with a note."""
MIN_ROWS = 10
"""A smaller training or validation set is refused, and so is a training set with fewer than ``FEW``
samples outside of its largest class: its folds need at least two classes each."""


@runtime_checkable
class HasImageFiles(Protocol):
    """A source with one image file for each row."""

    def image_paths(self) -> list[Path]:
        """The file of each row."""
        ...


@dataclass(frozen=True)
class AuditData:
    """A training set to audit.

    Attributes:
        train: all rows, in the order of the source.
        validation: the reference set, if there is one; ``source_index`` is the row in its source.
        files: the image file of each training row, relative to the folder of the data; empty if
            there are no files.
        copies: for each training row that the validation set contains, the row there.
        notes: one sentence for each change made to the data and each oddity.
        sizes: width and height in pixels of each training image before it was resized; empty if
            all have the shape of ``train``.
        groups: the number of each training sample's group, (n,); samples of one group stay in one
            fold. ``None`` if there are no groups.
    """

    train: Dataset
    validation: Dataset | None = None
    files: tuple[str, ...] = ()
    copies: Mapping[int, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sizes: tuple[tuple[int, int], ...] = ()
    groups: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class AlignedValidation:
    """Validation data in the form of the training set.

    Attributes:
        data: the rows to validate with.
        copies: for each training row that the validation set contains, the row there.
        notes: one sentence for each thing that was done.
    """

    data: Dataset
    copies: Mapping[int, int]
    notes: tuple[str, ...]


def read(  # noqa: PLR0913  # what to read, its columns by role, and where
    data: str,
    label: str | None,
    validation: str | None,
    context: TrialContext,
    groups: str | None = None,
    *,
    source: DatasetSource | None = None,
) -> AuditData:
    """Read the data at a path or of a registered name, and validation data likewise.

    Args:
        data: the path or the name.
        label: the label column.
        validation: the path or the name of the reference set, if there is one.
        context: where registered data are.
        groups: the column of a table, or of a list of images, that names the group of each sample.
        source: of the data, if it has been looked up already: that of a text file holds its rows.

    Raises:
        UserError: the data cannot be audited; it says what to do.
    """
    options = DataOptions(context.data_root, label, cache=context.cache, progress=context.progress)
    source = source or source_for(data, context.data_root)
    grouped = None if groups is None else _with_groups(data, source, groups, label)
    other = None if validation is None else source_for(validation, context.data_root)
    if isinstance(source, UserTable) and isinstance(other, UserTable | None):
        table = source.table() if grouped is None else grouped
        train, clean, notes = read_tables(source.name, table, other, label, groups)
    elif isinstance(source, ArrayFile) and isinstance(other, ArrayFile):
        train, clean = source.load_with(other, options)
        notes = list(train.notes)
    else:
        train = source.load(options)
        notes = list(train.notes)
        clean = None if other is None else other.load(options)
        notes += [] if clean is None else [f"validation: {note}" for note in clean.notes]
    files: tuple[str, ...] = ()
    sizes: tuple[tuple[int, int], ...] = ()
    if isinstance(source, HasImageFiles):
        paths = source.image_paths()
        root = Path(getattr(source, "path", "."))
        folder = (root if root.is_dir() else root.parent).absolute()
        files = tuple(shown(path.absolute().relative_to(folder).as_posix()) for path in paths)
        sizes = image_sizes(paths)
    reference: Dataset | None = None
    copies: Mapping[int, int] = {}
    if clean is not None:
        aligned = aligned_validation(train, clean)
        reference, copies = aligned.data, aligned.copies
        notes += aligned.notes
    return AuditData(
        train,
        reference,
        files,
        copies,
        (*notes, *class_notes(train)),
        sizes,
        None if grouped is None else checked_groups(grouped.frame[groups], train),
    )


def _with_groups(data: str, source: DatasetSource, groups: str, label: str | None) -> Table:
    """The table of a source that has this column of groups."""
    if not isinstance(source, UserTable | ImageList):
        raise UserError(
            f"{data}: groups must be a column of a table or of a list of images, got {groups!r}"
        )
    table = source.table() if isinstance(source, UserTable) else source.table
    if groups not in table.frame or groups == (label or DEFAULT_LABEL):
        raise unknown_name(
            f"groups column of {data}", groups, [c for c in map(str, table.frame) if c != label]
        )
    return table


def aligned_validation(train: Dataset, validation: Dataset) -> AlignedValidation:
    """Validation data with the classes and the sample shape of the training set, without rows of
    other classes and without copies of training rows.

    Raises ``UserError`` if too few rows are left, or if the data have another form.
    """
    if train.modality != validation.modality:
        raise UserError(
            f"validation must be {train.modality} data like the training set, got "
            f"{validation.modality} data"
        )
    known, unknown_classes = _with_classes_of(train, validation)
    known = _with_shape_of(train, known)
    copied, copies = _copies(train, known)
    fresh = np.flatnonzero(~copied)
    few = len(fresh) < MIN_ROWS or len(fresh) * 2 < len(known)
    if few or len(np.unique(known.y[fresh])) < 2:
        raise UserError(
            f"only {len(fresh)} of {len(validation)} validation rows have a class of the training "
            f"set and are not in it, at least {MIN_ROWS} and half of them are needed; "
            f"{_reasons(train, validation, known, copied, unknown_classes)}; use other validation "
            "data, or none"
        )
    notes = []
    if unknown_classes:
        notes.append(
            f"{len(validation) - len(known)} validation rows have classes that the training set "
            f"does not have ({', '.join(unknown_classes[:5])}): left out"
        )
    if copied.any():
        notes.append(
            f"{int(copied.sum())} validation rows are also in the training set: not used for "
            "validation"
        )
    absent = np.setdiff1d(np.arange(train.n_classes), known.y[fresh])
    if len(absent):
        names = ", ".join(repr(train.class_names[c]) for c in absent[:5])
        notes.append(
            f"the validation set has no samples of {len(absent)} classes of the training set "
            f"({names}): what it lacks counts as foreign"
        )
    return AlignedValidation(_taken(known, fresh), copies, tuple(notes))


def _reasons(
    train: Dataset,
    validation: Dataset,
    known: Dataset,
    copied: NDArray[np.bool_],
    unknown: list[str],
) -> str:
    """Why validation rows cannot be used."""
    reasons = []
    if unknown:
        plain = {plain_name(name) for name in train.class_names}
        alike = [name for name in unknown if plain_name(name) in plain]
        reasons.append(f"{len(validation) - len(known)} have other classes ({listed(unknown)})")
        if alike:
            reasons[0] += f", of which {listed(alike)} differ only in spaces, case or Unicode form"
    if copied.any():
        reasons.append(f"{int(copied.sum())} are copies of training rows")
    return " and ".join(reasons) or f"there are only {len(validation)}"


def _with_classes_of(train: Dataset, validation: Dataset) -> tuple[Dataset, list[str]]:
    """The rows whose class the training set has, with its class numbers; the other classes."""
    numbers = {name: number for number, name in enumerate(train.class_names)}
    unknown = [name for name in validation.class_names if name not in numbers]
    y = np.array([numbers.get(name, -1) for name in validation.class_names])[validation.y]
    rows = np.flatnonzero(y >= 0)
    known = _taken(validation, rows)
    return replace(known, y=y[rows].astype(np.int64), class_names=train.class_names), unknown


def _with_shape_of(train: Dataset, validation: Dataset) -> Dataset:
    if train.modality == "image":
        return replace(validation, x=_resized(validation.x, train.x.shape[1:]))
    if validation.x.shape[1:] != train.x.shape[1:]:
        raise UserError(
            f"the validation set has {validation.x.shape[1]} columns and the training set "
            f"{train.x.shape[1]}; both must have the same columns"
        )
    return validation


def _taken(data: Dataset, rows: NDArray[np.int64]) -> Dataset:
    """These rows; the set itself, which may be larger than memory, if they are all."""
    return data if len(rows) == len(data) else data.take(rows)


def _resized(x: NDArray[np.generic], shape: tuple[int, ...]) -> NDArray[np.generic]:
    """Images of another shape, kept as those of files are."""
    if x.shape[1:] == shape:
        return x
    with pixel_store((len(x), *shape)) as store:
        for first in range(0, len(x), CHUNK):
            store.write(first, matched(x[first : first + CHUNK], *shape))
        return store.array()


def _copies(train: Dataset, validation: Dataset) -> tuple[NDArray[np.bool_], dict[int, int]]:
    """Which validation rows are training rows; and of those training rows, the validation row."""
    digests, train_digests = row_digests(validation.x), row_digests(train.x)
    places = dict(zip(digests.tolist(), validation.source_index.tolist(), strict=True))
    copies = {
        row: places[digest] for row, digest in enumerate(train_digests.tolist()) if digest in places
    }
    return np.isin(digests, train_digests), copies


def class_notes(train: Dataset) -> list[str]:
    """Note classes with few samples, classes whose names hardly differ, imbalance, and labels that
    depend on the order of the rows.

    Raises ``UserError`` if the set is too small for an audit.
    """
    notes = name_notes(train.class_names)
    counts = np.bincount(train.y, minlength=train.n_classes)
    if len(train) < MIN_ROWS or len(train) - counts.max() < FEW:
        largest = train.class_names[int(counts.argmax())]
        raise UserError(
            f"{train.name}: an audit needs at least {MIN_ROWS} rows, and {FEW} of them outside of "
            f"the largest class, got {len(train)} rows, {counts.max()} of them of class {largest!r}"
        )
    notes += [*imbalance_note(train), *order_note(train)]
    few = [f"{train.class_names[c]!r} ({counts[c]})" for c in np.flatnonzero(counts < FEW)]
    if not few:
        return notes
    more = f" and {len(few) - 10} more" if len(few) > 10 else ""
    return [
        *notes,
        f"classes with fewer than {FEW} samples, too few for a reliable result: "
        f"{', '.join(few[:10])}{more}",
    ]
