"""Frozen layers of image networks, and the pooled outputs of their stages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from models.base import FrozenOutputs
from models.images import ImagePreprocessing

GRID = "_grid"


@dataclass(frozen=True)
class FrozenBackbone:
    """A pretrained network as :class:`models.base.Frozen`; loaded when it is first called.

    Each stage ``s`` with c channels gives two outputs: ``s``, the mean and standard deviation of
    each channel over the image, (n, 2c), and ``s_grid``, averages over the cells of a ``grid`` x
    ``grid`` raster, which keep spatial information, (n, grid * grid * c).

    Attributes:
        weights_key: identifies architecture and weights.
        load: returns the network, which maps (n, 3, height, width) to features (n, ...) and the
            outputs of its stages, each (n, c, height, width).
        preprocessing: of raw images.
        grid: cells per side of the raster.
        batch_size: images per forward pass.
        device: torch device string.
    """

    weights_key: str
    load: Callable[[], nn.Module]
    preprocessing: ImagePreprocessing
    grid: int = 4
    batch_size: int = 128
    device: str = "cpu"

    @property
    def key(self) -> str:
        """Hex SHA-256 of everything that the outputs depend on except the samples."""
        device_type = torch.device(self.device).type
        parts = (self.weights_key, self.preprocessing, self.grid, self.batch_size, device_type)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    @cached_property
    def _network(self) -> nn.Module:
        return self.load().to(self.device).requires_grad_(False).eval()

    def __call__(self, x: NDArray[np.generic]) -> FrozenOutputs:
        starts = range(0, len(x), self.batch_size)
        batches = [x[start : start + self.batch_size] for start in starts]
        with self._mapped() as mapped:
            parts = list(mapped(self._of_batch, batches))
        return FrozenOutputs(
            np.concatenate([part.features for part in parts]),
            {name: np.concatenate([p.stages[name] for p in parts]) for name in parts[0].stages},
        )

    @contextmanager
    def _mapped(self) -> Iterator[Callable[..., Iterator[FrozenOutputs]]]:
        """``map``; with several threads on the CPU, each of them takes whole batches.

        A batch is too small to be shared: on a busy machine, threads that wait for each other in
        every layer take eight times as long.
        """
        threads = torch.get_num_threads()
        if threads == 1 or torch.device(self.device).type != "cpu":
            yield map
            return
        torch.set_num_threads(1)
        try:
            with ThreadPoolExecutor(threads) as pool:
                yield pool.map
        finally:
            torch.set_num_threads(threads)

    @torch.inference_mode()
    def _of_batch(self, x: NDArray[np.generic]) -> FrozenOutputs:
        outputs, maps = self._network(self.preprocessing(x, self.device))
        stages = {
            pooled_name: pooled.cpu().numpy()
            for name, value in maps.items()
            for pooled_name, pooled in pool_stage(name, value, self.grid).items()
        }
        return FrozenOutputs(outputs.cpu().numpy(), stages)


def pool_stage(name: str, maps: Tensor, grid: int) -> dict[str, Tensor]:
    """Channel means and standard deviations, and averages on a raster.

    Shape:
        (n, c, height, width) to (n, 2c) and (n, grid * grid * c), channels outermost.

    >>> pooled = pool_stage("s", torch.rand(5, 3, 8, 8), 2)
    >>> {name: tuple(value.shape) for name, value in pooled.items()}
    {'s': (5, 6), 's_grid': (5, 12)}
    """
    std, mean = torch.std_mean(maps, dim=(2, 3), correction=0)
    return {
        name: torch.cat([mean, std], dim=1),
        name + GRID: adaptive_avg_pool2d(maps, grid).flatten(1),
    }
