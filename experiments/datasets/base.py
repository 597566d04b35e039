"""What a dataset source is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from common.dataset import Dataset, Modality

DATA_ROOT_VARIABLE = "INFLUENCE_DATA_ROOT"


@dataclass(frozen=True)
class DataOptions:
    """What a source may use.

    Attributes:
        data_root: the user's directory of data and weights; sources that need files look there
            and, where they can, fetch what is missing into it.
        label: for own data, the name of the label column.
        glitch: for own data, the name of the column that marks known glitches, if there is one.
        cache: directory where sources may keep what is slow to parse.
    """

    data_root: Path | None = None
    label: str | None = None
    glitch: str | None = None
    cache: Path | None = None


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
        """What is missing to load it here without any download, and where it would go; ``None`` if
        nothing. Costs next to nothing and never downloads."""
        ...

    def load(self, options: DataOptions) -> Dataset:
        """The whole dataset. Fetches missing files where the source has a public address.

        Raises ``UserError`` where it cannot be had, or a file is truncated or altered.
        """
        ...
