"""Means and deviations over seeds, with what is missing kept in sight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import pandas as pd

from analysis.reading.frames import FAILED, RUNNING, Frames
from analysis.rendering.text import plain
from experiments import schema
from glitches import GLITCHES
from influence.signals.display import ordered

#: What makes a cell, within which trials differ by their seed alone.
CELL: Final = ["dataset", "model", "glitch", "ratio", "variant"]
_TEXTS: Final = ("modality", "dataset", "model", "glitch", "variant")
#: What tables may be grouped by.
GROUPS: Final = (*CELL, "modality")


def with_variant(frames: Frames, runs: pd.DataFrame) -> pd.DataFrame:
    """Runs with a column ``variant``: the other fields of the spec, as text, where trials of one
    dataset, model, glitch and ratio differ in them; empty where nothing differs."""
    main = ["dataset", "model", "glitch", "ratio"]
    # which signals a trial scores changes none of its numbers
    others = [c for c in frames.spec_columns if c not in (*main, "seed", "signals")]
    grouped = frames.trials.groupby(main, dropna=False)
    varied = [c for c in others if (grouped[c].nunique(dropna=False) > 1).any()]
    words = [runs[c].map(lambda value, c=c: f"{c}={plain(value)}") for c in varied]
    variant = pd.Series("", index=runs.index, dtype="str")
    for place, column in enumerate(words):
        variant = variant + ("" if place == 0 else " ") + column
    return runs.assign(variant=variant)


def measured(
    frames: Frames, metric: str = schema.F1, series: Iterable[str] | None = None
) -> pd.DataFrame:
    """One row a counted trial and series of a final metric.

    Two trials that differ in nothing but the signals they score count once.

    Args:
        frames: the runs.
        metric: such as ``f1``, ``accuracy`` or ``seconds``.
        series: which signals (or parts, or steps); default all that were logged.

    Returns:
        Columns ``run_id``, ``modality``, those of :data:`CELL`, ``seed``, ``series``, ``value``.
    """
    final = frames.final[frames.final["metric"] == metric]
    if series is not None:
        final = final[final["series"].isin(list(series))]
    trials = with_variant(frames, frames.trials)[["run_id", "modality", *CELL, "seed"]]
    trials = trials.astype(
        {"run_id": frames.final["run_id"].dtype} | dict.fromkeys(_TEXTS, "category")
    )
    found = trials.merge(final[["run_id", "series", "value"]], on="run_id").dropna(subset=["value"])
    return found.drop_duplicates([*CELL, "seed", "series"], keep="last")


def summarise(values: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Mean and deviation of each series by the columns ``by``.

    A mean over several cells weighs each cell alike: seeds are averaged within a cell first. The
    deviation is that between seeds, of the mean over those cells, from the seeds that all of the
    cells have.

    Args:
        values: as :func:`measured` returns them, perhaps with more columns.
        by: columns to group by.

    Returns:
        Columns ``*by``, ``series``, ``mean``, ``sd`` (nan below two seeds), ``seeds`` (those that
        every cell has), ``cells``.
    """
    group = [*by, "series"]
    inside = [c for c in CELL if c not in by]
    cells = values.groupby([*group, *inside], dropna=False)["value"].mean()
    means = cells.groupby(group, dropna=False).agg(mean="mean", cells="size")
    seeds = values.groupby([*group, "seed"], dropna=False)["value"].agg(["mean", "size"])
    complete = seeds.join(means["cells"], on=group).query("size == cells")
    spread = complete.groupby(group, dropna=False)["mean"].agg(sd="std", seeds="size")
    found: pd.DataFrame = means.join(spread)
    found["seeds"] = found["seeds"].fillna(0).astype(int)
    columns = [*group, "mean", "sd", "seeds", "cells"]
    return _plain(found.reset_index().reindex(columns=columns))


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The same frame with text instead of categories."""
    categories = frame.select_dtypes("category").columns
    return frame.astype(dict.fromkeys(categories, "str"))


def unfinished(frames: Frames, by: Sequence[str]) -> pd.DataFrame:
    """Trials without a result by the columns ``by``: ``failed`` and ``running`` counts."""
    runs = with_variant(frames, frames.runs)
    runs = runs[runs["state"].isin([FAILED, RUNNING])]
    runs = runs.drop_duplicates(["spec_hash", "state"])
    counts = runs.groupby([*by, "state"], dropna=False).size().unstack("state", fill_value=0)
    return counts.reindex(columns=[FAILED, RUNNING], fill_value=0).reset_index()


def glitch_order(glitch: str) -> tuple[int, str]:
    """Sort key: glitches in the order of the registry, then options and mixtures by name.

    >>> sorted(["stripe_outliers", "none", "uniform_noise"], key=glitch_order)
    ['none', 'uniform_noise', 'stripe_outliers']
    """
    base = glitch.partition("(")[0]
    known = GLITCHES.names()
    return (known.index(base) if base in known else len(known), glitch)


def in_order(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Rows sorted by these columns, glitches and signals in their own order."""

    def place(column: pd.Series[str]) -> pd.Series[str]:
        if column.name == "glitch":
            return column.map(glitch_order)
        if column.name == "signal":
            return column.map({name: i for i, name in enumerate(ordered(column))})
        return column

    return frame.sort_values(list(keys), key=place, kind="stable").reset_index(drop=True)
