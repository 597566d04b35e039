"""What all sources of the user's own data share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from experiments.datasets.base import DataOptions


@dataclass(frozen=True)
class OwnData:
    """Data at a path of the user's: a trial draws all of it, and nothing is downloaded.

    Attributes:
        name: of the dataset, as the user gave it.
        path: of the file or folder.
    """

    name: str
    path: Path
    subset: ClassVar[float] = 1.0
    foreign: ClassVar[str | None] = None

    def missing(self, options: DataOptions) -> str | None:
        """Nothing: the path exists."""
        return None
