"""Evidence: all that a signal may look at. It never holds the error table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from common.errors import UserError
from common.seeds import generator
from influence.profile import Profile, ProfileSlice
from influence.trace import Trace

Counterfactual = Callable[[NDArray[np.int64], Sequence[int] | None], Profile]
Stages = Mapping[str, NDArray[np.float32]]
Found = TypeVar("Found")


class EvidenceMissingError(UserError):
    """A signal asked for something that this evidence does not hold."""


@dataclass(frozen=True)
class Evidence:
    """What was seen of one training, at one epoch or cumulated over all.

    What a signal does not ask for is not computed: trace, stages and counterfactual profiles are
    behind functions.

    Attributes:
        full_profile: the profile of every epoch and the cumulative one.
        profile: the slice that a per-epoch signal scores; the cumulative one by default.
        labels: the given training labels, (n,) int64.
        validation_labels: (m,) int64.
        n_classes: C.
        seed: for signals that draw at random, through :meth:`rng`.
    """

    full_profile: Profile
    profile: ProfileSlice
    labels: NDArray[np.int64]
    validation_labels: NDArray[np.int64]
    n_classes: int
    seed: int = 0
    _trace: Trace | None = field(default=None, repr=False)
    _counterfactual: Counterfactual | None = field(default=None, repr=False)
    _stages: Callable[[], tuple[Stages, Stages]] | None = field(default=None, repr=False)
    _support: Callable[[], Profile] | None = field(default=None, repr=False)
    _found: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self._support is None and self._trace is not None:
            # here: the engine needs torch, which reading stored profiles must not
            from influence.train_support import train_support  # noqa: PLC0415 - see above

            object.__setattr__(self, "_support", cache(partial(train_support, self._trace)))

    def at(self, epoch: int) -> Evidence:
        """The same evidence with ``profile`` set to one epoch, counted from 1."""
        return replace(self, profile=self.full_profile.epoch(epoch))

    def once(self, name: str, compute: Callable[[Evidence], Found]) -> Found:
        """What ``compute`` makes of this evidence of the whole training, computed at most once.

        For what several signals, or several answers of one, share. ``name`` is that of the thing.
        """
        if name not in self._found:
            self._found[name] = compute(self)
        found: Found = self._found[name]
        return found

    def rng(self, name: str) -> np.random.Generator:
        """The generator of one signal."""
        return generator(self.seed, f"signal/{name}")

    @property
    def trace(self) -> Trace:
        """The trace of the training."""
        if self._trace is None:
            raise EvidenceMissingError("the trace of this run is not at hand: repeat the trial")
        return self._trace

    @property
    def stages(self) -> tuple[Stages, Stages]:
        """Pooled outputs of the backbone's stages by name, of train (n, d_s) and validation
        (m, d_s); for tables the standardised input."""
        if self._stages is None:
            raise EvidenceMissingError("the stages of this run are not at hand: repeat the trial")
        return self._stages()

    @property
    def train_support(self) -> Profile:
        """What each training sample gets from the other training samples of each class, at every
        epoch and cumulated; see :func:`influence.train_support.train_support`."""
        if self._support is None:
            raise EvidenceMissingError("train-to-train sums need the trace: repeat the trial")
        return self._support()

    def counterfactual(
        self, labels: NDArray[np.int64], epochs: Sequence[int] | None = None
    ) -> Profile:
        """The profile as it would be had the training samples these labels, model unchanged.

        Args:
            labels: (n,) int64.
            epochs: which ones, counted from 1; default all. The profile's rows are these epochs
                and their sum.
        """
        if self._counterfactual is None:
            raise EvidenceMissingError("counterfactual profiles need the trace: repeat the trial")
        return self._counterfactual(labels, epochs)
