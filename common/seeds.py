"""Seeds: every step of a trial derives its own from the seed of the trial."""

from __future__ import annotations

import hashlib

import numpy as np


def derive_seed(seed: int, step: str) -> int:
    """A seed in [0, 2**63) for one step of a trial, independent of those of other steps.

    >>> derive_seed(0, "split") == derive_seed(0, "split")
    True
    >>> derive_seed(0, "split") == derive_seed(0, "inject")
    False
    """
    digest = hashlib.sha256(f"{seed}/{step}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(seed: int, step: str) -> np.random.Generator:
    """The random generator of one step of a trial."""
    return np.random.default_rng(derive_seed(seed, step))
