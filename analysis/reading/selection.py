"""The selection of runs: an experiment, one of its grids, and filters on the trials."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from mlflow.entities import Run

from analysis.reading.frames import STATES, Frames, build, field_text
from analysis.reading.store import HOW_TO_FILL, Store
from common.errors import UserError, unknown_name
from common.filters import parse_conditions
from experiments import schema


@dataclass(frozen=True)
class Selection:
    """Selected runs.

    Attributes:
        store: the store that holds them.
        experiment: the name of their experiment.
        grid: the name of the grid whose trials were selected, if one was.
        frames: the runs.
        narrowed: the filters in words; empty if there are none.
    """

    store: Store
    experiment: str
    grid: str | None
    frames: Frames
    narrowed: str = ""

    @property
    def title(self) -> str:
        """The selection in words."""
        grid = f", grid {self.grid}" if self.grid else ""
        return f"experiment {self.experiment}{grid}" + (f", {self.narrowed}" * bool(self.narrowed))


def select(
    store: Store, experiment: str | None = None, grid: str | None = None, only: Sequence[str] = ()
) -> Selection:
    """The runs of an experiment or of one of its grids; by default, of the newest grid.

    Args:
        store: the store to read.
        experiment: its name; default: the experiment of the newest grid.
        grid: its name; selects all trials of the grid, also those that an earlier grid finished.
        only: conditions ``key=value[,key=value...]`` on fields of the spec; several values of one
            key mean any of them.

    Raises ``UserError`` where no such experiment or grid exists, or no trial is left; the message
    lists what exists.
    """
    if experiment is None:
        found = _of_grid(store, _newest(store.grids(store.experiments.values()), grid))
    elif grid is not None:
        found = _of_grid(store, _newest(store.grids([store.experiment(experiment)]), grid))
    else:
        frames = build(store.runs(store.experiment(experiment)), store.history)
        found = Selection(store, experiment, None, frames)
    conditions = parse_conditions(only)
    if conditions:
        words = ", ".join(f"{key} = {' or '.join(values)}" for key, values in conditions.items())
        kept = found.frames.only(_matching(found.frames, conditions))
        found = replace(found, frames=kept, narrowed=words)
    _check_not_empty(found.frames, found.experiment)
    return found


def select_run(store: Store, run_id: str) -> Selection:
    """The trials of the grid with this run; there may be none yet."""
    return _of_grid(store, store.run(run_id))


def _of_grid(store: Store, grid_run: Run) -> Selection:
    by_id = {e.experiment_id: e for e in store.experiments.values()}
    experiment = by_id[grid_run.info.experiment_id]
    frames = build(store.runs(experiment), store.history)
    members = frames.only(_members(store, grid_run, frames.runs))
    return Selection(store, experiment.name, grid_run.data.tags.get(schema.GRID), members)


def _newest(grids: Sequence[Run], wanted: str | None) -> Run:
    """The first of these runs, or the first run of the grid with that name."""
    if not grids:
        raise UserError(f"the store has no grid; {HOW_TO_FILL}")
    for run in grids:
        if wanted in (None, run.data.tags.get(schema.GRID)):
            return run
    raise unknown_name("grid", wanted, {run.data.tags.get(schema.GRID, "") for run in grids})


def _members(store: Store, grid_run: Run, runs: pd.DataFrame) -> list[str]:
    """Run ids of a grid's trials: those on the list it stored, else its child runs."""
    listed = store.load(grid_run.info.run_id, schema.GRID_TRIALS_FILE, _hashes)
    if listed is None:
        members = runs["parent"] == grid_run.info.run_id
    else:
        members = runs["spec_hash"].isin(listed)
    return list(runs.loc[members, "run_id"])


def _hashes(path: Path) -> list[str]:
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ValueError(f"{path.name} is not a list of spec hashes")
    return found


def _matching(frames: Frames, conditions: Mapping[str, Sequence[str]]) -> list[str]:
    runs = frames.runs[frames.runs["dataset"].notna()]
    keep = pd.Series(True, index=runs.index)
    for key, wanted in conditions.items():
        if key not in frames.spec_columns:
            raise unknown_name("trial field", key, frames.spec_columns)
        text = runs[key].map(field_text)
        for value in wanted:
            if not (text == value).any():
                there = sorted(text.unique())
                raise UserError(f"no run has {key}={value}; there are: {', '.join(there)}")
        keep &= text.isin(list(wanted))
    return list(runs.loc[keep, "run_id"])


def _check_not_empty(frames: Frames, experiment: str) -> None:
    if not frames.trials.empty:
        return
    states = ", ".join(f"{count} {state}" for state, count in frames.left_out().items())
    if states:
        raise UserError(f"experiment {experiment!r} has no finished trial; its runs: {states}")
    raise UserError(f"experiment {experiment!r} has no trial; {HOW_TO_FILL} --experiment ...")


def left_out_note(runs: Selection) -> str:
    """Sentences about the runs that are not counted and the files that are damaged; empty if there
    are none. Files are known to be damaged once they have been read."""
    sentences = []
    if states := runs.frames.left_out():
        parts = [f"{number} {state} ({STATES[state]})" for state, number in states.items()]
        sentences.append(f"Not counted: {'; '.join(parts)}.")
    for file, ids in sorted(runs.store.damaged.items()):
        more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
        sentences.append(f"Damaged and skipped: {file} of run {min(ids)}{more}.")
    return " ".join(sentences)
