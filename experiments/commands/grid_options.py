"""The options of ``python -m experiments.grid``."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

from common.cli import option
from common.errors import UserError
from experiments.commands.environment_options import MAX_CORES, EnvironmentOptions, check_range

MAX_ATTEMPTS = 100
MAX_TRIALS_PER_GPU = 64


@dataclass(frozen=True, kw_only=True)
class GridOptions(EnvironmentOptions):
    """Which trials run, where, and which finished ones run again."""

    grid: str | None = option(
        "name of a grid, or path of a grid file (.toml) (default: embedded; with a data root "
        "offline, without the trials that lack files)"
    )
    only: tuple[str, ...] = option(
        "only trials with these values, such as dataset=mnist,glitch=uniform_noise", ()
    )
    dry_run: bool = option("list the trials and the estimated time, and run nothing", False)
    missing: Literal["refuse", "fetch", "skip"] | None = option(
        "what to do if data or weights of trials are missing: refuse to start (the default), fetch "
        "(download) them first, or skip those trials"
    )
    changed_code: Literal["keep", "repeat"] = option(
        "finished trials of another code version: keep or repeat", "keep"
    )
    changed_data: Literal["keep", "repeat"] = option(
        "finished trials of other dataset content: keep or repeat", "repeat"
    )
    cpus: int | None = option("cores to use (default: all)")
    trials_per_gpu: int = option("trials that share a GPU at once (with --device cuda)", 1)
    ray_address: str | None = option("existing Ray cluster, host:port or auto (default: none)")
    time_limit: float | None = option("seconds that a trial may take (default: no limit)")
    attempts: int = option(
        "how often a trial is started if the machine, not the trial, makes it fail", 3
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("cpus", self.cpus, 1, MAX_CORES)
        check_range("trials_per_gpu", self.trials_per_gpu, 1, MAX_TRIALS_PER_GPU)
        check_range("attempts", self.attempts, 1, MAX_ATTEMPTS)
        if self.time_limit is not None and not 0 < self.time_limit < inf:
            raise UserError(f"time_limit must be positive and finite, got {self.time_limit:g}")
