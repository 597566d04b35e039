"""Options that all commands of ``experiments`` share: where data, runs and caches are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common.cli import option
from common.errors import UserError
from experiments.tracking.uri import default_uri

if TYPE_CHECKING:  # the options alone, for --help, load neither torch nor the trial
    from experiments.training.context import TrialContext


MAX_CORES = 1024
"""More threads or cores than this are taken for a mistake."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentOptions:
    """Where a command finds data, writes runs and computes."""

    data_root: Path | None = option(
        "directory of data and weights (default: INFLUENCE_DATA_ROOT of the environment)"
    )
    tracking_uri: str | None = option(
        "MLflow store: sqlite:///FILE, a server or a database (default: MLFLOW_TRACKING_URI of "
        "the environment, or mlflow.db in the repository)"
    )
    experiment: str | None = option("MLflow experiment (default: MLflow's own)")
    cache: Path | None = option("directory of frozen features (default: in the user's cache)")
    threads: int = option("threads of a trial; equal threads give equal numbers", 1)
    device: str = option("torch device of a trial", "cpu")

    def __post_init__(self) -> None:
        check_range("threads", self.threads, 1, MAX_CORES)

    def root(self) -> Path | None:
        """The data root, absolute; ``None`` if there is none.

        Raises:
            UserError: it is not a directory.
        """
        named = self.data_root or os.environ.get("INFLUENCE_DATA_ROOT")
        if not named:
            return None
        root = Path(named).expanduser()
        if not root.is_dir():
            raise UserError(f"data root {str(root)!r} is not a directory")
        return root.resolve()

    def context(self) -> TrialContext:
        """Where trials are computed: as the options say, or else as the environment does."""
        from experiments.training.context import (  # noqa: PLC0415 - as above
            TrialContext,
            default_cache,
        )

        root = self.root()
        cache = default_cache() if self.cache is None else self.cache.expanduser().resolve()
        return TrialContext(root, cache, self.device, self.threads)

    @property
    def uri(self) -> str:
        """The tracking URI."""
        return self.tracking_uri or default_uri()


def check_range(name: str, value: int | None, low: int, high: int) -> None:
    """Raise ``UserError`` where a given value is not in [low, high]."""
    if value is not None and not low <= value <= high:
        raise UserError(f"{name} must be in [{low}, {high}], got {value}")
