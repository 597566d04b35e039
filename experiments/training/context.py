"""Where a model is trained: everything that must not change its numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from common.errors import UserError
from common.progress import Progress, silent
from experiments.datasets.base import DATA_ROOT_VARIABLE

CACHE_VARIABLE = "INFLUENCE_CACHE"
MOST_THREADS = 1024


def default_data_root() -> Path | None:
    """The data root that the environment names, if it names one."""
    value = os.environ.get(DATA_ROOT_VARIABLE)
    return Path(value).resolve() if value else None


def default_cache() -> Path:
    """The directory of the feature cache: from the environment, or in the user's cache folder."""
    value = os.environ.get(CACHE_VARIABLE)
    if value:
        return Path(value).resolve()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "influence-signals"


@dataclass(frozen=True)
class TrialContext:
    """Where and with what a trial or an audit is computed.

    Attributes:
        data_root: directory of data and weights, if any.
        cache: directory of the frozen-feature cache.
        device: a torch device string, such as ``cpu`` or ``cuda:0``.
        threads: threads of one trial; numbers are bit-equal for equal threads.
        trials_per_gpu: trials that share a GPU; each may take its part of the memory.
        progress: is told how far an audit is.

    Raises:
        UserError: torch has no such device here, or the number of threads is out of range.
    """

    data_root: Path | None = None
    cache: Path = field(default_factory=default_cache)
    device: str = "cpu"
    threads: int = 1
    trials_per_gpu: int = 1
    progress: Progress = field(default=silent, compare=False, repr=False)

    def __post_init__(self) -> None:
        if type(self.threads) is not int or not 1 <= self.threads <= MOST_THREADS:
            raise UserError(
                f"threads must be a whole number in [1, {MOST_THREADS}], got {self.threads!r:.40}"
            )
        _check_device(self.device)

    @classmethod
    def from_environment(cls, *, threads: int = 1) -> TrialContext:
        """Data root and cache as the environment names them, on the CPU."""
        return cls(default_data_root(), default_cache(), threads=threads)


def _check_device(device: str) -> None:
    if device == "cpu":
        return
    import torch  # noqa: PLC0415  # takes a second, and most contexts are on the CPU

    usable = ["cpu", *(["mps"] if torch.backends.mps.is_available() else [])]
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    usable += ["cuda"] * (gpus > 0) + [f"cuda:{number}" for number in range(gpus)]
    if device not in usable:
        raise UserError(f"device must be {' or '.join(usable)} on this machine, got {device!r:.40}")


class StepClock:
    """Seconds of wall time by step, in the order of the steps.

    >>> clock = StepClock()
    >>> with clock("train"):
    ...     pass
    >>> list(clock.seconds)
    ['train']
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        started = perf_counter()
        try:
            yield
        finally:
            self.seconds[step] = self.seconds.get(step, 0.0) + perf_counter() - started
