"""What a grid still has to run, given what its experiment holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from experiments.grid.inventory import DataKey, data_key
from experiments.tracking.queries import FinishedRun
from experiments.trial.spec import TrialSpec

Choice = Literal["keep", "repeat"]


@dataclass(frozen=True)
class Plan:
    """The trials of a grid, sorted by what is to be done.

    Attributes:
        to_run: trials to run, in order.
        finished: trials that a finished run stands for.
        replaces: for trials that are repeated, the finished runs that the new ones succeed.
        duplicates: finished runs beside the one that counts, left by processes that were killed
            at the last moment.
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
    """What finished runs are compared with.

    Attributes:
        code_version: of the code that matters for results.
        digests: content of datasets, as far as they were looked at.
        changed_code, changed_data: whether finished runs of other code or data are kept, or
            repeated.
    """

    code_version: str
    digests: Mapping[DataKey, str] = field(default_factory=dict)
    changed_code: Choice = "keep"
    changed_data: Choice = "repeat"

    def same_code(self, run: FinishedRun) -> bool:
        """Whether the run is of this code."""
        return run.code_version == self.code_version

    def same_data(self, spec: TrialSpec, run: FinishedRun) -> bool:
        """Whether the run of this trial is of this content, as far as that is known."""
        return run.digest == self.digests.get(data_key(spec), run.digest)

    def stands(self, spec: TrialSpec, run: FinishedRun) -> bool:
        """Whether the run still stands for its trial."""
        return (self.same_code(run) or self.changed_code == "keep") and (
            self.same_data(spec, run) or self.changed_data == "keep"
        )


def make_plan(specs: Sequence[TrialSpec], runs: Iterable[FinishedRun], current: Current) -> Plan:
    """Sort the trials by what the finished ``runs``, oldest first, leave to do."""
    by_hash: dict[str, list[FinishedRun]] = {}
    for run in runs:
        by_hash.setdefault(run.spec_hash, []).append(run)
    plan = Plan()
    for spec in specs:
        found = by_hash.get(spec.spec_hash, [])
        if not found:
            plan.to_run.append(spec)
            continue
        best = found[0]
        for run in found[1:]:
            if _fit(current, spec, run) > _fit(current, spec, best):
                best = run
        if not current.same_code(best):
            plan.other_code.append(spec)
        if not current.same_data(spec, best):
            plan.other_data.append(spec)
        if current.stands(spec, best):
            plan.finished.append(spec)
            plan.duplicates.extend(run.run_id for run in found if run is not best)
        else:
            plan.to_run.append(spec)
            plan.replaces[spec] = tuple(run.run_id for run in found)
    return plan


def _fit(current: Current, spec: TrialSpec, run: FinishedRun) -> tuple[bool, bool]:
    return current.same_data(spec, run), current.same_code(run)
