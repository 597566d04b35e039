"""The data of an audit: read, brought to one form, and what had to be done for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from common.dataset import Dataset
from common.errors import UserError
from experiments.audit.input.columns import read_tables
from experiments.audit.input.images import picture_notes
from experiments.datasets.base import DataOptions
from experiments.datasets.lookup import source_for
from experiments.datasets.user.tables import OwnTable
from experiments.training.context import TrialContext
from glitches.images import matched
from models.feature_cache import row_digests

FEW = 5
"""Samples of a class; fewer are audited, with a word of warning."""


@runtime_checkable
class Pictured(Protocol):
    """A source with an image file for each row."""

    def image_paths(self) -> list[Path]:
        """The file of each row."""
        ...


@dataclass(frozen=True)
class AuditData:
    """A training set to audit.

    Attributes:
        train: all of its rows, in the order of the source.
        validation: samples that are believed to be clean, if there are any; its ``source_index``
            counts the rows of its own source.
        files: of each training row, by path from the folder of the data; empty where there are
            none.
        copies: of training rows that are in the validation set too, the row there.
        notes: one sentence for each thing that was done to the data or that is odd about it.
    """

    train: Dataset
    validation: Dataset | None = None
    files: tuple[str, ...] = ()
    copies: Mapping[int, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read(data: str, label: str | None, validation: str | None, context: TrialContext) -> AuditData:
    """The data at a path (or of a registered name), and validation data from another.

    Raises ``UserError`` where it cannot be audited, with what to do.
    """
    options = DataOptions(context.data_root, label, cache=context.cache)
    source = source_for(data, context.data_root)
    other = None if validation is None else source_for(validation, context.data_root)
    if isinstance(source, OwnTable) and isinstance(other, OwnTable | None):
        train, clean, notes = read_tables(source, other, label)
    else:
        train, notes = source.load(options), []
        clean = None if other is None else other.load(options)
    files: tuple[str, ...] = ()
    if isinstance(source, Pictured):
        paths = source.image_paths()
        notes += picture_notes(paths)
        root = Path(getattr(source, "path", "."))
        folder = (root if root.is_dir() else root.parent).absolute()
        files = tuple(path.absolute().relative_to(folder).as_posix() for path in paths)
    copies: dict[int, int] = {}
    if clean is not None:
        clean, copies, more = fitting(train, clean)
        notes += more
    return AuditData(train, clean, files, copies, (*notes, *class_notes(train)))


def fitting(train: Dataset, validation: Dataset) -> tuple[Dataset, dict[int, int], list[str]]:
    """Validation data as the training set has it: its classes, its image size, none of its rows.

    Rows of classes that the training set lacks and rows that are in the training set are left out.

    Returns:
        The data; of training rows that are among them, the validation row; and what was done.
    """
    notes = []
    if train.modality != validation.modality:
        raise UserError(
            f"validation must be {train.modality} data as the training set is, however: "
            f"{validation.modality}; give other validation data, or none"
        )
    numbers = {name: number for number, name in enumerate(train.class_names)}
    strange = [name for name in validation.class_names if name not in numbers]
    mapped = np.array([numbers.get(name, -1) for name in validation.class_names])[validation.y]
    rows = np.flatnonzero(mapped >= 0)
    if strange:
        notes.append(
            f"{len(validation) - len(rows)} validation rows are of classes that the training set "
            f"lacks ({', '.join(strange[:5])}): left out"
        )
    kept = replace(
        validation.take(rows), y=mapped[rows].astype(np.int64), class_names=train.class_names
    )
    if train.modality == "image":
        kept = replace(kept, x=matched(kept.x, *train.x.shape[1:]))
    elif kept.x.shape[1:] != train.x.shape[1:]:
        raise UserError(
            f"validation has {kept.x.shape[1]} columns, however the training set "
            f"{train.x.shape[1]}: give it the same columns"
        )
    digests, train_digests = row_digests(kept.x), row_digests(train.x)
    fresh = np.flatnonzero(~np.isin(digests, train_digests))
    places = dict(zip(digests.tolist(), kept.source_index.tolist(), strict=True))
    copies = {
        row: places[digest] for row, digest in enumerate(train_digests.tolist()) if digest in places
    }
    if len(fresh) * 2 < len(rows) or len(np.unique(kept.y[fresh])) < 2:
        raise UserError(
            f"of {len(validation)} validation rows only {len(fresh)} are neither in the training "
            "set nor of classes that it lacks: give other validation data, or none"
        )
    if len(fresh) < len(rows):
        notes.append(
            f"{len(rows) - len(fresh)} validation rows are in the training set too: not validated "
            "with"
        )
    return kept.take(fresh), copies, notes


def class_notes(train: Dataset) -> list[str]:
    """What is odd about the classes."""
    counts = np.bincount(train.y, minlength=train.n_classes)
    few = [f"{train.class_names[c]!r} ({counts[c]})" for c in np.flatnonzero(counts < FEW)]
    if not few:
        return []
    more = f" and {len(few) - 10} more" if len(few) > 10 else ""
    return [
        f"classes with fewer than {FEW} samples, too few to be judged well: "
        f"{', '.join(few[:10])}{more}"
    ]
