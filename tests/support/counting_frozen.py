"""Frozen layers for tests: cheap, and every call leaves a line in a file."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.base import FrozenOutputs


@dataclass(frozen=True)
class CountingFrozen:
    """Doubles the pixels; stages are their mean and maximum.

    It sleeps ``pause`` seconds, and kills its own process if it is to ``die``.
    """

    log: Path
    key: str = "doubling"
    pause: float = 0.0
    die: bool = False

    def __call__(self, x: NDArray[Any]) -> FrozenOutputs:
        with self.log.open("a") as file:
            file.write(f"{len(x)}\n")
        time.sleep(self.pause)
        if self.die:
            os.kill(os.getpid(), 9)
        flat = x.reshape(len(x), -1).astype(np.float32)
        stages = {"mean": flat.mean(axis=1, keepdims=True), "max": flat.max(axis=1, keepdims=True)}
        return FrozenOutputs(2 * flat, stages)

    @property
    def calls(self) -> list[int]:
        """Rows of each call so far."""
        return [int(line) for line in self.log.read_text().split()] if self.log.exists() else []
