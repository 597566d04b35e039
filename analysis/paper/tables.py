"""The tables of the paper and further ones, from tidy frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import pandas as pd

from analysis.choices import CELL, METRIC_TITLES, TABLES
from analysis.reading.frames import Frames
from analysis.rendering.table import Table
from analysis.rendering.text import display_name, percent, words
from analysis.stats.summary import epoch_values, measured, summarise, unfinished
from analysis.stats.view import View
from experiments import schema
from influence.signals.display import ordered

ALL_EPOCHS: Final = "all"


def _keys(keys: Sequence[str], values: pd.DataFrame) -> list[str]:
    """Row keys without a variant that is the same everywhere."""
    return [k for k in keys if k != "variant" or values["variant"].nunique() > 1]


def _of_signals(
    name: str, title: str, note: str, keys: list[str], values: pd.DataFrame, **options: Any
) -> Table:
    """A table with one column per signal."""
    columns = {signal: display_name("signal", signal) for signal in ordered(values["series"])}
    data = summarise(values, keys).rename(columns={"series": "column"})
    return Table(name, title, note, keys, columns, data, **options)


def detection(frames: Frames, view: View) -> Table | None:
    """How well each signal detects each glitch, by the keys of the view."""
    values = measured(frames, view.metric, view.signals)
    if values.empty:
        return None
    keys = _keys(view.by, values)
    return _of_signals(
        "detection",
        f"{view.title} of each signal",
        f"{view.title} of detecting the glitched training samples.",
        keys,
        values,
        sections=2 if keys[:2] == ["dataset", "model"] and len(keys) > 2 else 0,
        gaps=unfinished(frames, keys),
        averaged="setting",
    )


def averages(frames: Frames, view: View) -> Table | None:
    """The averages of the paper's Figures 1 and 2: by glitch and model, over datasets."""
    values = measured(frames, view.metric, view.signals)
    if values.empty:
        return None
    return _of_signals(
        "averages",
        f"{view.title} averaged over datasets",
        "As in Figures 1 and 2 of the paper; all datasets have the same weight.",
        _keys(["modality", "glitch", "ratio", "variant", "model"], values),
        values,
        sections=1,
        averaged="dataset",
    )


def accuracy(frames: Frames, _view: View) -> Table | None:
    """Accuracy of the trained model on the glitched samples, against the labels they carry."""
    values = measured(frames, schema.ACCURACY)
    if "glitched" not in set(values["series"]):
        return None
    keys = _keys(CELL, values)
    return Table(
        "accuracy",
        "Accuracy after training",
        "On glitched samples, accuracy is measured against the labels they carry. For clustered "
        "anomalies this is Table 1 of the paper, with near and far as in its section 5.",
        keys,
        {part: part for part in ("glitched", "train", "validation")},
        summarise(values, keys).rename(columns={"series": "column"}),
        sections=2,
        best=None,
    )


def epochs(frames: Frames, view: View) -> Table | None:
    """F1 of each epoch, and of the influence accumulated over all epochs."""
    each = epoch_values(frames, view.signals)
    if each.empty:
        return None
    trials = measured(frames, schema.F1, view.signals)
    whole = trials[trials["series"].isin(each["series"])].assign(column=ALL_EPOCHS)
    both = pd.concat([each.assign(column=each["epoch"].astype("str")), whole])
    keys = _keys(CELL, trials)
    epoch_columns = map(str, range(1, int(each["epoch"].max()) + 1))
    return Table(
        "epochs",
        "F1 of each epoch",
        "Single epochs as in Figure 5 of the paper; the last column is accumulated over all.",
        [*keys, "signal"],
        {column: column for column in (*epoch_columns, ALL_EPOCHS)},
        summarise(both, [*keys, "column"]).rename(columns={"series": "signal"}),
        sections=2,
    )


def ratios(frames: Frames, view: View) -> Table | None:
    """Each signal at growing ratios of glitched samples (paper, Figure 4)."""
    values = measured(frames, view.metric, view.signals)
    keys = _keys([key for key in CELL if key != "ratio"], values)
    values = values[values.groupby(keys, dropna=False)["ratio"].transform("nunique") > 1]
    if values.empty:
        return None
    summary = summarise(values, [*keys, "ratio"]).rename(columns={"series": "signal"})
    return Table(
        "ratios",
        f"{view.title} by ratio of glitched samples",
        "As in Figure 4 of the paper.",
        [*keys, "signal"],
        {f"{r:g}": percent(r) for r in sorted(values["ratio"].unique())},
        summary.assign(column=summary["ratio"].map("{:g}".format)).drop(columns="ratio"),
        sections=2,
        best=None,
    )


def ranks(frames: Frames, view: View) -> Table | None:
    """Mean rank of each signal by glitch; 1 is best, ties share their mean rank."""
    values = measured(frames, view.metric, view.signals)
    wide = values.pivot_table(index=[*CELL, "seed"], columns="series", values="value").dropna()
    if wide.empty or wide.shape[1] < 2:
        return None
    ranked = wide.rank(axis=1, ascending=False).reset_index()
    return _of_signals(
        "ranks",
        f"Mean rank by {view.title}",
        f"1 is the best of {wide.shape[1]} signals, over all cells that have every signal.",
        ["glitch"],
        ranked.melt(id_vars=[*CELL, "seed"], var_name="series", value_name="value"),
        best="lowest",
        averaged="setting",
    )


def thresholds(frames: Frames, view: View) -> Table | None:
    """One row per signal: its ranking, and what it flags at its own threshold if it has one."""
    metrics = (schema.F1, schema.AVERAGE_PRECISION, schema.THRESHOLD_F1, schema.FLAGGED_CLEAN)
    found = {metric: measured(frames, metric, view.signals) for metric in metrics}
    values = pd.concat([part.assign(column=metric) for metric, part in found.items()])
    if values.empty:
        return None
    keys = _keys(CELL, values)
    return Table(
        "thresholds",
        "Ranking and own threshold of each signal",
        "F1 and average precision of the ranking, F1 with as many samples flagged as there are "
        "glitches; then F1 and the fraction of clean samples flagged at the signal's own "
        "threshold.",
        [*keys, "signal"],
        {metric: METRIC_TITLES[metric] for metric in metrics},
        summarise(values, [*keys, "column"]).rename(columns={"series": "signal"}),
        sections=len(keys),
        best=None,
    )


def seconds(frames: Frames, _view: View) -> Table | None:
    """Wall time of the steps of a trial."""
    values = measured(frames, schema.SECONDS)
    if values.empty:
        return None
    keys = _keys(["dataset", "model", "variant"], values)
    grouped = values.groupby([*keys, "series"], dropna=False)["value"]
    summary = grouped.agg(mean="mean", sd="std", seeds="size").reset_index().assign(cells=1)
    return Table(
        "seconds",
        "Seconds per trial, by step",
        "Wall time; steps in the order in which they run.",
        keys,
        {step: words(step) for step in dict.fromkeys(values["series"])},
        summary.rename(columns={"series": "column"}),
        best=None,
        unit="trials",
    )


#: The tables by name; each returns ``None`` where the runs have nothing to show in it.
MAKERS: Final = {
    "detection": detection,
    "averages": averages,
    "accuracy": accuracy,
    "epochs": epochs,
    "ratios": ratios,
    "ranks": ranks,
    "thresholds": thresholds,
    "seconds": seconds,
}


def all_tables(frames: Frames, view: View, wanted: Iterable[str] = TABLES) -> list[Table]:
    """The wanted tables that the runs can fill."""
    made = (MAKERS[name](frames, view) for name in wanted)
    return [table for table in made if table is not None]
