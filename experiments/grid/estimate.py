"""How long a trial takes and how much memory it needs, from earlier runs where there are any."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import ceil, isnan
from statistics import median

from experiments.grid.inventory import DataKey, Surveyed, data_key
from experiments.grid.memory import footprint_mib
from experiments.tracking.queries import FinishedRun
from experiments.trial.spec import TrialSpec

ROUGH_SECONDS = 10.0
MARGIN = 1.25
"""More memory is set aside than earlier runs have needed."""
STEP_MIB = 512.0
"""Memory is set aside in such steps: a worker takes on trials that ask as much as its last one."""


@dataclass(frozen=True)
class Guess:
    """A number, and whether it was measured on trials of the same dataset and model."""

    value: float
    measured: bool


class Estimates:
    """What earlier runs say of those to come.

    Args:
        runs: finished ones of the experiment.
        data: the datasets of the trials to come, as far as they were looked at.
    """

    def __init__(
        self, runs: Iterable[FinishedRun], data: Mapping[DataKey, Surveyed] | None = None
    ) -> None:
        self._runs = list(runs)
        self._data = data or {}

    def seconds(self, spec: TrialSpec) -> Guess:
        """Wall time of a trial, in proportion to the share of the dataset that it draws."""

        def scaled(run: FinishedRun) -> float:
            alike = run.dataset == spec.dataset
            return run.seconds * (spec.subset / run.subset if alike else 1.0)

        return self._from(spec, self._runs, scaled, median) or Guess(ROUGH_SECONDS, False)

    def memory_mib(self, spec: TrialSpec) -> float | None:
        """Memory to set aside for a trial, MiB: what earlier ones have needed, else by shapes."""
        as_large = [run for run in self._runs if run.subset >= spec.subset]
        found = self._from(spec, as_large, lambda run: run.peak_rss_mib, max)
        if found is not None and found.measured:
            return _in_steps(MARGIN * found.value)
        data = self._data.get(data_key(spec))
        return None if data is None else _in_steps(footprint_mib(spec, data))

    def _from(
        self,
        spec: TrialSpec,
        candidates: Iterable[FinishedRun],
        what: Callable[[FinishedRun], float],
        combine: Callable[[list[float]], float],
    ) -> Guess | None:
        same_model = [run for run in candidates if run.model == spec.model]
        same = [run for run in same_model if run.dataset == spec.dataset]
        for runs in (same, same_model):
            values = [what(run) for run in runs if not isnan(what(run))]
            if values:
                return Guess(combine(values), runs is same)
        return None


def _in_steps(mib: float) -> float:
    return STEP_MIB * ceil(mib / STEP_MIB)


def duration(seconds: float) -> str:
    """A duration in words.

    >>> duration(42), duration(200), duration(9000)
    ('42 s', '3 min', '2 h 30 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
