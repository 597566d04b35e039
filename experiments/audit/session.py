"""The caller's session, which an audit leaves as it found it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn


@contextmanager
def unchanged_session() -> Iterator[None]:
    """Restore torch's thread count and the global random states of torch, NumPy and ``random``."""
    threads = torch.get_num_threads()
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002  # the caller's
    try:
        with torch.random.fork_rng():
            yield
    finally:
        torch.set_num_threads(threads)
        np.random.set_state(numpy_state)  # noqa: NPY002  # likewise
        random.setstate(python_state)


@contextmanager
def evaluation_mode(network: nn.Module) -> Iterator[None]:
    """Evaluation mode for all submodules, each of which returns to the mode that it was in."""
    modes = {module: module.training for module in network.modules()}
    try:
        network.eval()
        yield
    finally:
        for module, training in modes.items():
            module.training = training
