"""Dataset sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from common.dataset import Dataset, Modality
from common.progress import Progress, silent

DATA_ROOT_VARIABLE = "INFLUENCE_DATA_ROOT"


@dataclass(frozen=True)
class DataOptions:
    """What a source may use to load a dataset.

    Attributes:
        data_root: the user's directory of data and weights; sources that need files look there
            and, where they can, fetch what is missing into it.
        label: for user data, the name of the label column.
        glitch: for user data, the name of the column that marks known glitches, if there is one.
        cache: directory where sources may keep parsed copies of files that are slow to parse.
        progress: is told how far the reading of many files is.
    """

    data_root: Path | None = None
    label: str | None = None
    glitch: str | None = None
    cache: Path | None = None
    progress: Progress = field(default=silent, compare=False, repr=False)


class DatasetSource(Protocol):
    """Where a dataset comes from.

    Attributes:
        modality: ``"image"`` or ``"tabular"``.
        subset: share of it that a trial draws, stratified (paper: 0.1); 1.0 for small sets.
        foreign: registered name of the dataset whose samples are its far-clustered anomalies.
    """

    @property
    def modality(self) -> Modality: ...

    @property
    def subset(self) -> float: ...

    @property
    def foreign(self) -> str | None: ...

    def missing(self, options: DataOptions) -> str | None:
        """What is missing to load it without a download, and where it would go; ``None`` if
        nothing is. Fast, and never downloads."""
        ...

    def load(self, options: DataOptions) -> Dataset:
        """The whole dataset. Fetches missing files where the source has a public address.

        Raises ``UserError`` where a file is missing and cannot be fetched, truncated or altered.
        """
        ...
