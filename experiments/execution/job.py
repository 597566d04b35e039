"""What a worker process is given: one job for the whole grid, and one task after another."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol, cast

from threadpoolctl import threadpool_limits

from experiments.tracking.tracker import Tracker
from experiments.training.context import TrialContext
from experiments.training.gpu import gpu_share
from experiments.trial.result import TrialResult
from experiments.trial.spec import TrialSpec

RUN_TRIAL = "experiments.trial.run:run_trial"


class RunTrial(Protocol):
    """A function that runs a trial."""

    def __call__(self, spec: TrialSpec, context: TrialContext) -> TrialResult:
        """The trial's result."""


@dataclass(frozen=True)
class Job:
    """What all trials of a grid have in common. Picklable.

    Attributes:
        tracker: writes the runs.
        context: where trials find data and how many threads they use.
        time_limit: seconds that a trial may take, ``None`` for no limit.
        target: the function that runs a trial, as ``module:name``.
    """

    tracker: Tracker
    context: TrialContext
    time_limit: float | None = None
    target: str = RUN_TRIAL

    def load(self) -> RunTrial:
        """The function that runs a trial; the first call imports its libraries."""
        module, _, name = self.target.partition(":")
        return cast(RunTrial, getattr(importlib.import_module(module), name))

    def result_of(self, spec: TrialSpec) -> TrialResult:
        """Run a trial; every numerical library uses the threads of the context, and the trial its
        share of the GPU.

        Raises:
            UserError: the trial, or its user's input, is at fault; or the GPU is too small for it.
        """
        run_trial = self.load()
        with threadpool_limits(limits=self.context.threads), gpu_share(self.context):
            return run_trial(spec, self.context)


@dataclass(frozen=True)
class Task:
    """One trial to run.

    Attributes:
        spec: the trial.
        replaces: ids of finished runs of the same spec that the new run replaces.
        memory_mib: memory that the scheduler sets aside for it, MiB, if an estimate is known.
    """

    spec: TrialSpec
    replaces: tuple[str, ...] = ()
    memory_mib: float | None = None
