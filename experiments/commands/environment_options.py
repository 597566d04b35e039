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
        if self.threads < 1:
            raise UserError(f"threads must be at least 1, got {self.threads}")

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
        _check_device(self.device)
        return TrialContext(root, cache, self.device, self.threads)

    @property
    def uri(self) -> str:
        """The tracking URI."""
        return self.tracking_uri or default_uri()


def _check_device(device: str) -> None:
    import torch  # noqa: PLC0415 - as above

    try:
        kind = torch.device(device).type
    except RuntimeError:
        raise UserError(
            f"device must be one of torch's, such as cpu or cuda, got {device!r}"
        ) from None
    if kind == "cuda" and not torch.cuda.is_available():
        raise UserError("device must be cpu here, got cuda: torch finds no GPU")
