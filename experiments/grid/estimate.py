"""Time and memory that a trial will need, from earlier runs where there are any."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import ceil, isnan
from statistics import median

from experiments.tracking.queries import FinishedRun
from experiments.trial.requirements import DataKey, DatasetFacts, data_key
from experiments.trial.spec import TrialSpec

ROUGH_SECONDS = 10.0
MARGIN = 1.25
"""More memory is set aside than earlier runs have needed."""
BASE_MIB = 1536.0
"""Peak of a worker on a small dataset: its libraries, a model and the trace of a trial."""
STEP_MIB = 512.0
"""Memory is set aside in such steps: Ray reuses a worker for trials that ask for equal amounts."""


@dataclass(frozen=True)
class Guess:
    """A number, and whether it was measured on trials of the same dataset and model."""

    value: float
    measured: bool


class Estimates:
    """Predictions for the trials of a grid.

    Args:
        runs: finished runs of the experiment.
        data: the datasets of the trials to come, as far as they were loaded.
    """

    def __init__(
        self, runs: Iterable[FinishedRun], data: Mapping[DataKey, DatasetFacts] | None = None
    ) -> None:
        self._runs = list(runs)
        self._data = data or {}

    def seconds(self, spec: TrialSpec) -> Guess:
        """Wall time of a trial, proportional to the share of the dataset that it draws."""

        def scaled(run: FinishedRun) -> float:
            alike = run.dataset == spec.dataset
            return run.seconds * (spec.subset / run.subset if alike else 1.0)

        return self._from(spec, self._runs, scaled, median) or Guess(ROUGH_SECONDS, False)

    def memory_mib(self, spec: TrialSpec) -> float | None:
        """Memory to set aside for a trial, MiB; ``None`` if nothing is known of its data."""
        as_large = [run for run in self._runs if run.subset >= spec.subset]
        found = self._from(spec, as_large, lambda run: run.peak_rss_mib, max)
        if found is not None and found.measured:
            return _in_steps(MARGIN * found.value)
        data = self._data.get(data_key(spec))
        # the dataset twice while it is loaded; its drawn samples as drawn, prepared and batched
        return None if data is None else _in_steps(BASE_MIB + (2 + 3 * spec.subset) * data.mib)

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
