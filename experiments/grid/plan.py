"""What a grid still has to run, given what its experiment holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from experiments.tracking.queries import FinishedRun
from experiments.trial.requirements import DataKey, data_key
from experiments.trial.spec import TrialSpec

Choice = Literal["keep", "repeat"]


@dataclass(frozen=True)
class Plan:
    """The trials of a grid, divided into those to run and those that are finished.

    Attributes:
        to_run: trials to run, in order.
        finished: trials with a finished run that is kept.
        replaces: for trials that run again, ids of the finished runs that the new one replaces.
        duplicates: ids of finished runs besides the one that counts; processes that are killed at
            the last moment leave them.
        other_code, other_data: finished trials whose code or data have changed since.
    """

    to_run: list[TrialSpec] = field(default_factory=list)
    finished: list[TrialSpec] = field(default_factory=list)
    replaces: dict[TrialSpec, tuple[str, ...]] = field(default_factory=dict)
    duplicates: list[str] = field(default_factory=list)
    other_code: list[TrialSpec] = field(default_factory=list)
    other_data: list[TrialSpec] = field(default_factory=list)


@dataclass(frozen=True)
class Current:
    """Code and data of today, which finished runs are compared with.

    Attributes:
        code_version: of the code that matters for results.
        digests: hashes of the content of datasets, as far as they were loaded.
        changed_code, changed_data: whether finished runs of other code or data are kept, or
            repeated.
    """

    code_version: str
    digests: Mapping[DataKey, str] = field(default_factory=dict)
    changed_code: Choice = "keep"
    changed_data: Choice = "repeat"

    def same_code(self, run: FinishedRun) -> bool:
        """Whether the run was made with this code."""
        return run.code_version == self.code_version

    def same_data(self, spec: TrialSpec, run: FinishedRun) -> bool:
        """Whether the run of this trial read the same data, as far as that is known."""
        return run.digest == self.digests.get(data_key(spec), run.digest)

    def keeps(self, spec: TrialSpec, run: FinishedRun) -> bool:
        """Whether the run is kept rather than repeated."""
        return (self.same_code(run) or self.changed_code == "keep") and (
            self.same_data(spec, run) or self.changed_data == "keep"
        )


def make_plan(specs: Sequence[TrialSpec], runs: Iterable[FinishedRun], current: Current) -> Plan:
    """Compare the trials with the finished ``runs``, oldest first."""
    by_hash: dict[str, list[FinishedRun]] = {}
    for run in runs:
        by_hash.setdefault(run.spec_hash, []).append(run)
    plan = Plan()
    for spec in specs:
        found = by_hash.get(spec.spec_hash, [])
        if not found:
            plan.to_run.append(spec)
            continue
        # the oldest of those that agree best with today's data, then with today's code
        best = max(found, key=lambda run: (current.same_data(spec, run), current.same_code(run)))
        if not current.same_code(best):
            plan.other_code.append(spec)
        if not current.same_data(spec, best):
            plan.other_data.append(spec)
        if current.keeps(spec, best):
            plan.finished.append(spec)
            plan.duplicates.extend(run.run_id for run in found if run is not best)
        else:
            plan.to_run.append(spec)
            plan.replaces[spec] = tuple(run.run_id for run in found)
    return plan
