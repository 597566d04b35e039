"""Evidence: everything that a signal may use. It never contains the error table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from common.errors import UserError
from common.seeds import generator
from influence.profile import Profile, ProfileSlice
from influence.trace import Trace

Counterfactual = Callable[[NDArray[np.int64], Sequence[int] | None], Profile]
Stages = Mapping[str, NDArray[np.float32]]
Result = TypeVar("Result")


class EvidenceMissingError(UserError):
    """A signal needs something that this evidence does not contain."""


@dataclass(frozen=True)
class Evidence:
    """What one training reveals, at one epoch or cumulated over all epochs.

    Stages, counterfactual profiles and train-to-train influence are computed when a signal first
    asks for them. Evidence of a stored run has only its profile.

    Attributes:
        full_profile: the profile of every epoch and the cumulative one.
        profile: the slice that a per-epoch signal scores; the cumulative one by default.
        labels: the given training labels, (n,) int64.
        validation_labels: (m,) int64.
        n_classes: C.
        seed: of random draws, see :meth:`rng`.
        groups: the number of each training sample's group, (n,), if some belong together (one
            patient, writer, video). A diagnosis keeps the samples of a group in one fold.
    """

    full_profile: Profile
    profile: ProfileSlice
    labels: NDArray[np.int64]
    validation_labels: NDArray[np.int64]
    n_classes: int
    seed: int = 0
    groups: NDArray[np.int64] | None = None
    _trace: Trace | None = field(default=None, repr=False)
    _counterfactual: Counterfactual | None = field(default=None, repr=False)
    _stages: Callable[[], tuple[Stages, Stages]] | None = field(default=None, repr=False)
    _train_support: Callable[[], Profile] | None = field(default=None, repr=False)
    _results: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def at(self, epoch: int) -> Evidence:
        """This evidence with ``profile`` set to one epoch, counted from 1."""
        return replace(self, profile=self.full_profile.epoch(epoch))

    def once(self, name: str, compute: Callable[[Evidence], Result]) -> Result:
        """The result of ``compute``, computed once for this training and then kept under ``name``.

        For results over the whole training that several signals share.
        """
        if name not in self._results:
            self._results[name] = compute(self)
        result: Result = self._results[name]
        return result

    def rng(self, name: str) -> np.random.Generator:
        """The random generator of one signal."""
        return generator(self.seed, f"signal/{name}")

    @property
    def trace(self) -> Trace:
        """The trace of the training."""
        return _required(self._trace, "this run has no stored trace")

    @property
    def stages(self) -> tuple[Stages, Stages]:
        """Pooled outputs of the backbone's stages by name, for training (n, d_s) and validation
        (m, d_s) samples; for tables the standardised input."""
        return _required(self._stages, "this run has no stored stages")()

    @property
    def train_support(self) -> Profile:
        """The influence of the other training samples of each class on each training sample; see
        :func:`influence.train_support.train_support`."""
        return _required(self._train_support, "train-to-train influence needs the trace")()

    def counterfactual(
        self, labels: NDArray[np.int64], epochs: Sequence[int] | None = None
    ) -> Profile:
        """The profile under other training labels, with the model as it was trained.

        Args:
            labels: (n,) int64.
            epochs: epoch numbers from 1; default all. The rows of the profile are these epochs
                and their sum.
        """
        compute = _required(self._counterfactual, "counterfactual profiles need the trace")
        return compute(labels, epochs)


def _required(part: Result | None, why: str) -> Result:
    if part is None:
        raise EvidenceMissingError(f"{why}: repeat the trial")
    return part
