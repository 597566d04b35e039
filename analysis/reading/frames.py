"""The runs of an experiment as tidy frames: which runs count, and their metrics.

Every run is listed once in :attr:`Frames.runs`, with its state. Only runs in the state ``counted``
contribute numbers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import chain
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

#: What the state of a run means; only ``counted`` runs enter tables and figures.
STATES: Final = {
    COUNTED: "finished, and the newest run of its spec",
    RUNNING: "not finished yet",
    FAILED: "failed or killed, and no other run of the same spec finished",
    REPEATED: "failed or killed, but another run of the same spec finished",
    DUPLICATE: "finished, but another run of the same spec finished later",
    DELETED: "deleted in MLflow",
    FOREIGN: "not written by this project",
    UNREADABLE: "the spec or another tag is missing or invalid",
}

#: The fields that every spec has, with their types.
REQUIRED: Final = {
    "dataset": (str,),
    "model": (str,),
    "glitch": (str,),
    "ratio": (int, float),
    "seed": (int,),
}
_SCALARS: Final = (str, int, float, bool, type(None))
#: Fields that were added to the spec later, with the value that earlier trials used.
ADDED_FIELDS: Final = {"truth": False, "precision": "float32"}
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

Histories = Callable[[str, str], list[tuple[int, float]]]


@dataclass(frozen=True)
class Frames:
    """The runs of an experiment as tidy frames.

    Attributes:
        runs: one row per run, counted or not, oldest first; grid runs are excluded.
            Columns: ``run_id``, ``name``, ``state`` (a key of :data:`STATES`), ``status``,
            ``started`` (UTC), ``grid``, ``parent``, ``spec_hash``, ``code_version``, ``modality``,
            ``n_classes``, ``error`` and ``repeat`` (why a trial failed, and the command that runs
            it again), then one column per field of the trial's spec.
        final: one row per metric of a counted run, at its last step. Columns: ``run_id``,
            ``metric`` (``f1``, ``accuracy``, ``seconds``, ...), ``series`` (a signal, a part of the
            data, a step, ...), ``value``.
        curve_tags: for each counted run, the tags that hold its per-epoch metrics.
    """

    runs: pd.DataFrame
    final: pd.DataFrame
    curve_tags: dict[str, dict[str, str]] = field(repr=False)
    _histories: Histories = field(repr=False)

    @cached_property
    def trials(self) -> pd.DataFrame:
        """The counted runs, one row per trial."""
        return self.runs[self.runs["state"] == COUNTED].reset_index(drop=True)

    @cached_property
    def spec_columns(self) -> list[str]:
        """The columns that are fields of the spec."""
        return [column for column in self.runs.columns if column not in _INFO]

    @cached_property
    def curves(self) -> pd.DataFrame:
        """One row per epoch of a per-epoch metric of a counted run. Columns: ``run_id``,
        ``metric`` (``epoch_f1``, ``accuracy``, ``loss``), ``series``, ``epoch`` (from 1),
        ``value``.

        Curves are read from the tags of the runs. Where a tag is missing or damaged, every metric
        costs one request for its history.
        """
        logged = self.final[self.final["metric"].isin(_CURVE_GROUPS)].drop(columns="value")
        tagged = cache(lambda run_id, group: parse_curves(self.curve_tags[run_id], group))
        found = []
        for run_id, metric, series in logged.itertuples(index=False, name=None):
            values = tagged(run_id, metric).get(series)
            if values is None:
                found.append(self._histories(run_id, f"{metric}/{series}"))
            else:
                found.append(list(enumerate(values, start=1)))
        points = np.array([*chain.from_iterable(found)], dtype=float).reshape(-1, 2)
        repeated = logged.iloc[np.repeat(np.arange(len(logged)), list(map(len, found)))]
        columns = {"epoch": points[:, 0].astype(int), "value": points[:, 1]}
        return repeated.assign(**columns).reset_index(drop=True)

    def only(self, run_ids: Iterable[str]) -> Frames:
        """The same frames, restricted to these runs."""
        kept = list(run_ids)
        return replace(
            self,
            runs=self.runs[self.runs["run_id"].isin(kept)].reset_index(drop=True),
            final=self.final[self.final["run_id"].isin(kept)].reset_index(drop=True),
        )

    def left_out(self) -> dict[str, int]:
        """The number of runs that are not counted, by state."""
        counts = self.runs["state"].value_counts()
        return {s: int(counts[s]) for s in STATES if s in counts and s != COUNTED}


def build(runs: Iterable[Run], histories: Histories) -> Frames:
    """Frames of an experiment's runs.

    Args:
        runs: as MLflow returns them, of any kind, oldest first.
        histories: maps a run and a metric name to its (step, value) pairs; called for runs whose
            curves are not in their tags.
    """
    rows: list[dict[str, Any]] = []
    owners: list[str] = []
    keys: list[str] = []
    values: list[float] = []
    curve_tags: dict[str, dict[str, str]] = {}
    for run in runs:
        if run.data.tags.get(schema.KIND) == schema.KIND_GRID:
            continue
        rows.append(_row(run))
        if rows[-1]["state"] == COUNTED:
            run_id, metrics = run.info.run_id, run.data.metrics
            owners += [run_id] * len(metrics)
            keys += metrics
            values += metrics.values()
            prefix = f"{schema.CURVES}/"
            curve_tags[run_id] = {k: v for k, v in run.data.tags.items() if k.startswith(prefix)}
    columns = dict.fromkeys((*_INFO, *REQUIRED, *chain.from_iterable(rows)))
    table = pd.DataFrame(rows, columns=list(columns))
    table["state"] = _with_repeats(table)
    counted = table["run_id"][table["state"] == COUNTED]
    final = _final(owners, keys, values)
    final = final[final["run_id"].isin(counted)].reset_index(drop=True)
    return Frames(table, final, curve_tags, histories)


def parse_curves(tags: Mapping[str, str], group: str) -> dict[str, list[float]]:
    """The curves of a group in the tags of a run, by series; empty where the tag is missing or
    damaged.

    >>> parse_curves({"curves/loss": '{"train":[1.0,0.5]}', "curves/accuracy": "{"}, "loss")
    {'train': [1.0, 0.5]}
    >>> parse_curves({"curves/loss": '{"train":[1.0,0.5]}', "curves/accuracy": "{"}, "accuracy")
    {}
    """
    try:
        found = json.loads(tags.get(schema.curves_tag(group), "{}"))
        return {series: [float(value) for value in values] for series, values in found.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def field_text(value: object) -> str:
    """The value of a spec field as a user would type it.

    >>> field_text(0.1), field_text(7.0), field_text("mnist"), field_text(None)
    ('0.1', '7', 'mnist', 'none')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _final(owners: list[str], keys: list[str], values: list[float]) -> pd.DataFrame:
    """The frame of final metrics. Its names are categories, because few of them are distinct."""
    named = pd.Categorical(keys)
    parts = [key.partition("/")[::2] for key in named.categories]
    names = pd.DataFrame(parts, columns=["metric", "series"], dtype="category")
    run_ids = pd.Categorical(owners, categories=list(dict.fromkeys(owners)))
    found = names.take(named.codes).reset_index(drop=True)
    return found.assign(run_id=run_ids, value=np.array(values, dtype=float))[FINAL_COLUMNS]


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
        "n_classes": pd.to_numeric(tags.get(schema.N_CLASSES, "nan"), errors="coerce"),
        "error": tags.get(schema.ERROR),
        "repeat": tags.get(schema.REPEAT),
    }
    if row["state"] == FOREIGN:
        return row
    spec = _spec(tags.get(schema.SPEC, ""))
    damaged = not spec or (schema.N_CLASSES in tags and pd.isna(row["n_classes"]))
    return row | ({"state": UNREADABLE} if damaged else spec)


def _spec(text: str) -> dict[str, Any]:
    """The fields of a trial's spec; empty where the text is not a valid spec."""
    try:
        spec = json.loads(text)
        usable = all(type(spec[key]) in kinds for key, kinds in REQUIRED.items())
        usable = usable and 0 <= spec["ratio"] <= 1
    except (ValueError, KeyError, TypeError):
        return {}
    if not usable:
        return {}
    # lists and the like, as another version may have them, become text that can be compared
    flat = {k: v if isinstance(v, _SCALARS) else json.dumps(v) for k, v in spec.items()}
    return ADDED_FIELDS | {key: value for key, value in flat.items() if key not in _INFO}


def _own_state(run: Run) -> str:
    """The state of a run as far as it can be known without the other runs."""
    if run.data.tags.get(schema.KIND) != schema.KIND_TRIAL or schema.SPEC_HASH not in run.data.tags:
        return FOREIGN
    if run.info.lifecycle_stage != LifecycleStage.ACTIVE:
        return DELETED
    return {"FINISHED": COUNTED, "FAILED": FAILED, "KILLED": FAILED}.get(run.info.status, RUNNING)


def _with_repeats(table: pd.DataFrame) -> pd.Series[str]:
    """The states of all runs, oldest first, where several runs of one spec are compared."""
    state, hashes = table["state"].astype("str"), table["spec_hash"]
    finished = state == COUNTED
    earlier = hashes.where(finished).duplicated(keep="last") & finished
    repeated = (state == FAILED) & hashes.isin(hashes[finished])
    return state.mask(earlier, DUPLICATE).mask(repeated, REPEATED)
