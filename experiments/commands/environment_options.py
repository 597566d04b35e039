"""Options that a grid and a single trial share: where data, runs and caches are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch

from common.errors import UserError
from experiments.datasets.base import DATA_ROOT_VARIABLE
from experiments.tracking.uri import default_uri
from experiments.training.context import TrialContext, default_cache, default_data_root


def described(text: str) -> dict[str, str]:
    """The metadata of a field that is an option: its help text."""
    return {"help": text}


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where a command finds data and writes runs."""

    data_root: Path | None = field(
        default=None,
        metadata=described(
            f"directory of data and weights (default: {DATA_ROOT_VARIABLE} of the environment)"
        ),
    )
    tracking_uri: str | None = field(
        default=None,
        metadata=described(
            "MLflow store: sqlite:///FILE, a server or a database (default: MLFLOW_TRACKING_URI of "
            "the environment, or mlflow.db beside the project)"
        ),
    )
    experiment: str | None = field(
        default=None, metadata=described("MLflow experiment (default: MLflow's own)")
    )
    cache: Path | None = field(
        default=None,
        metadata=described("directory of frozen features (default: in the user's cache)"),
    )
    threads: int = field(
        default=1, metadata=described("threads of a trial; numbers are equal for equal threads")
    )
    device: str = field(default="cpu", metadata=described("torch device of a trial"))

    def __post_init__(self) -> None:
        if self.threads < 1:
            raise UserError(f"threads must be at least 1, however: {self.threads}")
        try:
            kind = torch.device(self.device).type
        except RuntimeError:
            raise UserError(
                f"device must be one of torch's, such as cpu or cuda, however: {self.device!r}"
            ) from None
        if kind == "cuda" and not torch.cuda.is_available():
            raise UserError("device cuda: torch finds no such device here; use cpu")

    def context(self) -> TrialContext:
        """Where trials are computed: as the options say, or else as the environment does."""
        root = default_data_root() if self.data_root is None else self.data_root.expanduser()
        if root is not None:
            if not root.is_dir():
                raise UserError(f"data root {str(root)!r} is not a directory")
            root = root.resolve()
        cache = default_cache() if self.cache is None else self.cache.expanduser().resolve()
        return TrialContext(root, cache, self.device, self.threads)

    @property
    def uri(self) -> str:
        """The tracking URI."""
        return self.tracking_uri or default_uri()
