"""The caller's session is the same after an audit, also after an error."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from experiments.audit.session import unchanged_session


@pytest.mark.parametrize("error", [None, RuntimeError])
def test_threads_and_random_states_are_restored(error: type[Exception] | None) -> None:
    def numbers() -> list[float]:
        return [float(torch.rand(1)), float(np.random.rand()), random.random()]  # noqa: NPY002, S311

    threads = torch.get_num_threads()
    for seed in (torch.manual_seed, np.random.seed, random.seed):
        seed(5)
    undisturbed = numbers()
    for seed in (torch.manual_seed, np.random.seed, random.seed):
        seed(5)
    try:
        with unchanged_session():
            torch.set_num_threads(threads + 1)
            for seed in (torch.manual_seed, np.random.seed, random.seed):
                seed(6)
            if error is not None:
                raise error
    except RuntimeError:
        pass
    assert torch.get_num_threads() == threads
    assert numbers() == undisturbed
