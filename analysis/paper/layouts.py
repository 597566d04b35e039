"""The tables of the paper and those beside them, from tidy frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from analysis.reading.frames import Frames
from analysis.rendering.table import Table
from analysis.rendering.text import percent, words
from analysis.stats.summary import CELL, measured, summarise, unfinished
from experiments import schema
from influence.signals.display import look, ordered

METRIC_TITLES: Final = {
    schema.F1: "F1",
    schema.AVERAGE_PRECISION: "Average precision",
    schema.ROC_AUC: "ROC AUC",
    schema.THRESHOLD_F1: "F1 at the signal's own threshold",
    schema.FLAGGED_CLEAN: "Share of clean samples flagged",
    schema.KIND_ACCURACY: "Share of found glitches whose kind is right",
}
CLUSTERED: Final = ("near_clustered_anomalies", "far_clustered_anomalies")
ALL_EPOCHS: Final = "all"


@dataclass(frozen=True)
class Layout:
    """What a user may choose of the tables.

    Attributes:
        metric: one of ``f1``, ``average_precision``, ``roc_auc``.
        signals: which ones; ``None`` for all that were logged.
        by: row keys of the main table.
    """

    metric: str = schema.F1
    signals: Sequence[str] | None = None
    by: Sequence[str] = tuple(CELL)


def _signal_columns(values: pd.DataFrame) -> dict[str, str]:
    return {signal: look(signal).short for signal in ordered(values["series"])}


def _useful(keys: Sequence[str], values: pd.DataFrame) -> list[str]:
    """Row keys without a variant that is the same everywhere."""
    return [k for k in keys if k != "variant" or values["variant"].nunique() > 1]


def _by_cell(keys: Sequence[str]) -> int:
    """Dataset and model head sections where they come first."""
    return 2 if list(keys[:2]) == ["dataset", "model"] and len(keys) > 2 else 0


def _as_columns(summary: pd.DataFrame, column: str = "series") -> pd.DataFrame:
    return summary.rename(columns={column: "column"})


def detection(frames: Frames, layout: Layout) -> Table | None:
    """How well each signal finds each glitch, by the keys of the layout."""
    values = measured(frames, layout.metric, layout.signals)
    if values.empty:
        return None
    keys = _useful(layout.by, values)
    title = METRIC_TITLES[layout.metric]
    return Table(
        "detection",
        f"{title} of each signal",
        f"{title} of finding the glitched training samples.",
        keys,
        _signal_columns(values),
        _as_columns(summarise(values, keys)),
        _by_cell(keys),
        unfinished(frames, keys),
        averaged="setting",
        signals_across=True,
    )


def averages(frames: Frames, layout: Layout) -> Table | None:
    """The averages of the paper's Figures 1 and 2: by glitch and model, over datasets."""
    values = measured(frames, layout.metric, layout.signals)
    if values.empty:
        return None
    keys = _useful(["modality", "glitch", "ratio", "variant", "model"], values)
    title = METRIC_TITLES[layout.metric]
    return Table(
        "averages",
        f"{title} averaged over datasets",
        "As in Figures 1 and 2 of the paper; every dataset weighs the same.",
        keys,
        _signal_columns(values),
        _as_columns(summarise(values, keys)),
        1,
        averaged="dataset",
        signals_across=True,
    )


def accuracy(frames: Frames, _layout: Layout) -> Table | None:
    """Accuracy of the trained model on the glitched samples, against the labels they carry."""
    values = measured(frames, schema.ACCURACY)
    if "glitched" not in set(values["series"]):
        return None
    keys = _useful(["dataset", "model", "glitch", "ratio", "variant"], values)
    return Table(
        "accuracy",
        "Accuracy after training",
        "On glitched samples it is measured against the label they carry; for clustered anomalies "
        "it is Table 1 of the paper, with near and far as its section 5 has them.",
        keys,
        {part: part for part in ("glitched", "train", "validation")},
        _as_columns(summarise(values, keys)),
        2,
        best=None,
    )


def epochs(frames: Frames, layout: Layout) -> Table | None:
    """F1 of each epoch alone, and of the influence cumulated over all."""
    trials = measured(frames, schema.F1, layout.signals)
    curves = frames.curves[frames.curves["metric"] == schema.EPOCH_F1]
    each = trials.drop(columns="value").merge(
        curves.drop(columns="metric"), on=["run_id", "series"]
    )
    if each.empty:
        return None
    keys = _useful(["dataset", "model", "glitch", "ratio", "variant"], trials)
    each = each.assign(column=each["epoch"].astype("str"))
    whole = trials[trials["series"].isin(each["series"])].assign(column=ALL_EPOCHS)
    both = pd.concat([each.drop(columns="epoch"), whole])
    summary = summarise(both, [*keys, "column"]).rename(columns={"series": "signal"})
    numbers = [str(t) for t in range(1, int(each["epoch"].max()) + 1)]
    return Table(
        "epochs",
        "F1 of each epoch",
        "Epoch by epoch as in Figure 5 of the paper, then cumulated over all epochs.",
        [*keys, "signal"],
        {c: c for c in (*numbers, ALL_EPOCHS)},
        summary,
        2,
    )


def ratios(frames: Frames, layout: Layout) -> Table | None:
    """Each signal at growing shares of glitched samples (paper, Figure 4)."""
    values = measured(frames, layout.metric, layout.signals)
    keys = _useful(["dataset", "model", "glitch", "variant"], values)
    several = values.groupby(keys, dropna=False)["ratio"].transform("nunique") > 1
    values = values[several]
    if values.empty:
        return None
    summary = summarise(values, [*keys, "ratio"]).rename(columns={"series": "signal"})
    return Table(
        "ratios",
        f"{METRIC_TITLES[layout.metric]} by ratio of glitched samples",
        "As in Figure 4 of the paper.",
        [*keys, "signal"],
        {f"{r:g}": percent(r) for r in sorted(values["ratio"].unique())},
        summary.assign(column=summary["ratio"].map("{:g}".format)).drop(columns="ratio"),
        2,
        best=None,
    )


def ranks(frames: Frames, layout: Layout) -> Table | None:
    """Mean rank of each signal by glitch; 1 is best, ties share their mean rank."""
    values = measured(frames, layout.metric, layout.signals)
    wide = values.pivot_table(index=[*CELL, "seed"], columns="series", values="value").dropna()
    if wide.empty or wide.shape[1] < 2:
        return None
    ranked = wide.rank(axis=1, ascending=False).reset_index()
    ranked = ranked.melt(id_vars=[*CELL, "seed"], var_name="series", value_name="value")
    return Table(
        "ranks",
        f"Mean rank by {METRIC_TITLES[layout.metric]}",
        f"1 is the best of {wide.shape[1]} signals, over all cells that have every signal.",
        ["glitch"],
        _signal_columns(ranked),
        _as_columns(summarise(ranked, ["glitch"])),
        best="lowest",
        averaged="setting",
    )


def seconds(frames: Frames, _layout: Layout) -> Table | None:
    """Wall time of a trial by step."""
    values = measured(frames, schema.SECONDS)
    if values.empty:
        return None
    keys = _useful(["dataset", "model", "variant"], values)
    steps = dict.fromkeys(values["series"])
    grouped = values.groupby([*keys, "series"], dropna=False)["value"]
    summary = grouped.agg(mean="mean", sd="std", seeds="size").reset_index().assign(cells=1)
    return Table(
        "seconds",
        "Seconds of a trial by step",
        "Wall time; steps in the order they run.",
        keys,
        {step: words(step) for step in steps},
        _as_columns(summary),
        best=None,
        unit="trials",
    )


#: The tables by name; each says ``None`` where the runs hold nothing for it.
LAYOUTS: Final = {
    "detection": detection,
    "averages": averages,
    "accuracy": accuracy,
    "epochs": epochs,
    "ratios": ratios,
    "ranks": ranks,
    "seconds": seconds,
}


def all_tables(
    frames: Frames, layout: Layout, wanted: Iterable[str] = tuple(LAYOUTS)
) -> list[Table]:
    """Those of the wanted tables that the runs allow."""
    made = (LAYOUTS[name](frames, layout) for name in wanted)
    return [table for table in made if table is not None]
