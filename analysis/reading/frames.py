"""From runs to tidy frames: what counts, what does not, and why.

Every run of an experiment is accounted for once in :attr:`Frames.runs`; numbers are taken from
those in state ``counted`` only.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from mlflow.entities import LifecycleStage, Run

from experiments import schema

COUNTED: Final = "counted"
RUNNING: Final = "running"
FAILED: Final = "failed"
REPEATED: Final = "repeated"
DUPLICATE: Final = "duplicate"
DELETED: Final = "deleted"
FOREIGN: Final = "foreign"
UNREADABLE: Final = "unreadable"

#: What the state of a run means; ``counted`` alone enters tables and figures.
STATES: Final = {
    COUNTED: "finished, and the newest of its spec",
    RUNNING: "not finished yet",
    FAILED: "failed or killed, and no other run of the same spec finished",
    REPEATED: "failed or killed, but another run of the same spec finished",
    DUPLICATE: "finished, but another run of the same spec finished later",
    DELETED: "deleted in MLflow",
    FOREIGN: "not written by this project",
    UNREADABLE: "its spec is missing or makes no sense",
}

REQUIRED: Final[dict[str, type | tuple[type, ...]]] = {
    "dataset": str,
    "model": str,
    "glitch": str,
    "ratio": (int, float),
    "seed": int,
}
#: Fields that specs have not always had, and what trials did before they had them.
LATER: Final = {"truth": False}
_CURVE_GROUPS: Final = (schema.EPOCH_F1, schema.ACCURACY, schema.LOSS)
_INFO: Final = (
    "run_id",
    "name",
    "state",
    "status",
    "started",
    "grid",
    "parent",
    "spec_hash",
    "code_version",
    "modality",
    "n_classes",
    "error",
    "repeat",
)
FINAL_COLUMNS: Final = ["run_id", "metric", "series", "value"]
CURVE_COLUMNS: Final = ["run_id", "metric", "series", "epoch", "value"]

Histories = Callable[[str, str], list[tuple[int, float]]]


@dataclass(frozen=True)
class Frames:
    """The runs of an experiment as tidy frames.

    Attributes:
        runs: one row a run, counted or not, oldest first; grids themselves are left away.
            Columns: ``run_id``, ``name``, ``state`` (a key of :data:`STATES`), ``status``,
            ``started`` (UTC), ``grid``, ``parent``, ``spec_hash``, ``code_version``, ``modality``,
            ``n_classes``, ``error`` and ``repeat`` (why a trial failed, and the command that runs
            it again), then one a field of the trial's spec.
        final: one row a metric of a counted run, at its last step. Columns: ``run_id``, ``metric``
            (``f1``, ``accuracy``, ``seconds``, ...), ``series`` (a signal, a part of the data, a
            step, ...), ``value``.
        curve_tags: of each counted run, the tags that hold its per-epoch metrics.
    """

    runs: pd.DataFrame
    final: pd.DataFrame
    curve_tags: dict[str, dict[str, str]] = field(repr=False)
    _histories: Histories = field(repr=False)

    @cached_property
    def trials(self) -> pd.DataFrame:
        """The counted runs, one row a trial."""
        return self.runs[self.runs["state"] == COUNTED].reset_index(drop=True)

    @cached_property
    def spec_columns(self) -> list[str]:
        """Names of the columns that are fields of the spec."""
        return [column for column in self.runs.columns if column not in _INFO]

    @cached_property
    def curves(self) -> pd.DataFrame:
        """One row a per-epoch metric of a counted run. Columns: ``run_id``, ``metric``
        (``epoch_f1``, ``accuracy``, ``loss``), ``series``, ``epoch`` (from 1), ``value``.

        Curves come from the runs' tags; a run without them costs one request a metric.
        """
        logged = self.final[self.final["metric"].isin(_CURVE_GROUPS)]
        values, steps = array("d"), array("q")
        lengths: list[int] = []
        tagged: dict[str, dict[str, list[float]]] = {}
        here = None
        for run_id, metric, series in zip(
            logged["run_id"], logged["metric"], logged["series"], strict=True
        ):
            if run_id != here:
                here, tagged = run_id, self._tagged(run_id)
            if series in tagged[metric]:
                found = tagged[metric][series]
                values.extend(found)
                steps.extend(range(1, len(found) + 1))
                lengths.append(len(found))
            else:
                points = self._histories(run_id, f"{metric}/{series}")
                values.extend(value for _, value in points)
                steps.extend(step for step, _ in points)
                lengths.append(len(points))
        repeated = logged.drop(columns="value").iloc[np.repeat(np.arange(len(logged)), lengths)]
        return repeated.assign(epoch=np.array(steps), value=np.array(values)).reset_index(drop=True)

    def _tagged(self, run_id: str) -> dict[str, dict[str, list[float]]]:
        """The curves in a run's tags, by group and series."""
        tags = self.curve_tags[run_id]
        return {g: json.loads(tags.get(schema.curves_tag(g), "{}")) for g in _CURVE_GROUPS}

    def only(self, run_ids: Iterable[str]) -> Frames:
        """The same frames with these runs alone."""
        kept = set(run_ids)
        return replace(
            self,
            runs=self.runs[self.runs["run_id"].isin(kept)].reset_index(drop=True),
            final=self.final[self.final["run_id"].isin(kept)].reset_index(drop=True),
        )

    def left_out(self) -> dict[str, int]:
        """How many runs are not counted, by state."""
        counts = self.runs["state"].value_counts()
        return {s: int(counts[s]) for s in STATES if s in counts and s != COUNTED}


def build(runs: Iterable[Run], histories: Histories) -> Frames:
    """Frames of an experiment's runs, which come oldest first.

    Args:
        runs: as MLflow returns them, of any kind.
        histories: maps a run and a metric's name to its (step, value) pairs, for runs whose
            curves are not in their tags.
    """
    rows: list[dict[str, Any]] = []
    keys: list[tuple[str, str]] = []
    values, lengths = array("d"), []
    texts: dict[str, dict[str, str]] = {}
    for run in runs:
        if run.data.tags.get(schema.KIND) == schema.KIND_GRID:
            continue
        row = _row(run)
        rows.append(row)
        if row["state"] == COUNTED:
            run_id = run.info.run_id
            metrics = run.data.metrics
            keys += map(_split, metrics)
            values.extend(metrics.values())
            lengths.append(len(metrics))
            prefix = f"{schema.CURVES}/"
            texts[run_id] = {k: v for k, v in run.data.tags.items() if k.startswith(prefix)}
    table = pd.DataFrame(rows, columns=_columns(rows))
    table["state"] = _judged(table)
    counted = table.loc[table["state"] == COUNTED, "run_id"]
    return Frames(table, _final(list(texts), lengths, keys, values, counted), texts, histories)


def _final(
    run_ids: list[str],
    lengths: list[int],
    keys: list[tuple[str, str]],
    values: array[float],
    counted: pd.Series[str],
) -> pd.DataFrame:
    """The frame of final metrics; names are categories, since there are few of them."""
    places = dict.fromkeys(keys)
    kinds = pd.DataFrame(list(places), columns=["metric", "series"], dtype="category")
    for number, key in enumerate(places):
        places[key] = number
    codes = np.fromiter((places[key] for key in keys), dtype=np.intp, count=len(keys))
    found = kinds.take(codes).reset_index(drop=True)
    owner = np.repeat(np.arange(len(run_ids)), lengths)
    found["run_id"] = pd.Series(pd.Categorical.from_codes(owner, categories=pd.Index(run_ids)))
    found["value"] = np.array(values)
    found = found[FINAL_COLUMNS]
    return found[found["run_id"].isin(counted)].reset_index(drop=True)


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    found = {key: None for row in rows for key in row}
    return [*_INFO, *REQUIRED, *(key for key in found if key not in (*_INFO, *REQUIRED))]


@cache
def _split(key: str) -> tuple[str, str]:
    metric, _, series = key.partition("/")
    return metric, series


def _row(run: Run) -> dict[str, Any]:
    tags = run.data.tags
    row: dict[str, Any] = {
        "run_id": run.info.run_id,
        "name": run.info.run_name,
        "state": _own_state(run),
        "status": run.info.status,
        "started": pd.Timestamp(run.info.start_time, unit="ms", tz="UTC"),
        "grid": tags.get(schema.GRID),
        "parent": tags.get(schema.PARENT),
        "spec_hash": tags.get(schema.SPEC_HASH),
        "code_version": tags.get(schema.CODE_VERSION),
        "modality": tags.get(schema.MODALITY),
        "n_classes": float(tags.get(schema.N_CLASSES, "nan")),
        "error": tags.get(schema.ERROR),
        "repeat": tags.get(schema.REPEAT),
    }
    if row["state"] == FOREIGN:
        return row
    spec = _spec(tags.get(schema.SPEC, ""))
    return row | spec if spec else row | {"state": UNREADABLE}


def _spec(text: str) -> dict[str, Any]:
    """The fields of a trial's spec, empty where the text holds none that could be counted."""
    try:
        spec = json.loads(text)
        usable = all(isinstance(spec[key], kind) for key, kind in REQUIRED.items())
    except (ValueError, KeyError, TypeError):
        return {}
    return LATER | spec if usable else {}


def _own_state(run: Run) -> str:
    """The state of a run as far as it can be known without the other runs."""
    if run.data.tags.get(schema.KIND) != schema.KIND_TRIAL or schema.SPEC_HASH not in run.data.tags:
        return FOREIGN
    if run.info.lifecycle_stage != LifecycleStage.ACTIVE:
        return DELETED
    return {"FINISHED": COUNTED, "FAILED": FAILED, "KILLED": FAILED}.get(run.info.status, RUNNING)


def _judged(table: pd.DataFrame) -> pd.Series[str]:
    """States of all runs, oldest first, with those of repeated specs told apart."""
    state = table["state"].astype("str")
    finished = state == COUNTED
    hashes = table["spec_hash"]
    earlier = hashes.where(finished).duplicated(keep="last") & finished
    state = state.mask(earlier, DUPLICATE)
    repeated = (state == FAILED) & hashes.isin(hashes[finished])
    return state.mask(repeated, REPEATED)
