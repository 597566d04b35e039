"""Means and standard deviations over seeds, and the trials that are missing from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import pandas as pd

from analysis.choices import CELL
from analysis.reading.frames import FAILED, RUNNING, Frames, field_text
from experiments import schema

_TEXTS: Final = ("modality", "dataset", "model", "glitch", "variant")
PAPER_RATIO: Final = 0.1


def with_variant(frames: Frames, runs: pd.DataFrame) -> pd.DataFrame:
    """Runs with a column ``variant``: the other fields of the spec, as text, in which trials of one
    dataset, model, glitch and ratio differ; empty where they differ in none."""
    main = ["dataset", "model", "glitch", "ratio"]
    # the list of signals does not change any number of a trial
    others = [c for c in frames.spec_columns if c not in (*main, "seed", "signals")]
    grouped = frames.trials.groupby(main, dropna=False)
    varied = [c for c in others if (grouped[c].nunique(dropna=False) > 1).any()]
    words = [runs[c].map(lambda value, c=c: f"{c}={field_text(value)}") for c in varied]
    variant = pd.Series("", index=runs.index, dtype="str")
    for place, column in enumerate(words):
        variant = variant + ("" if place == 0 else " ") + column
    return runs.assign(variant=variant)


def measured(
    frames: Frames, metric: str = schema.F1, series: Iterable[str] | None = None
) -> pd.DataFrame:
    """One row per counted trial and series of a final metric.

    Two trials that differ only in the signals they score count once.

    Args:
        frames: the runs.
        metric: such as ``f1``, ``accuracy`` or ``seconds``.
        series: signals (or parts, or steps); default: all that were logged.

    Returns:
        Columns ``run_id``, ``modality``, those of ``CELL``, ``seed``, ``series``, ``value``.
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
    """Mean and standard deviation of each series, grouped by the columns ``by``.

    A mean over several cells gives each cell the same weight: seeds are averaged within each cell
    first. The standard deviation is taken over seeds, of the mean over the cells; it uses the
    seeds that every cell has.

    Args:
        values: as :func:`measured` returns them; may have more columns.
        by: columns to group by.

    Returns:
        Columns ``*by``, ``series``, ``mean``, ``sd`` (nan below two seeds), ``seeds`` (the
        number that every cell has), ``cells``.
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
    found = found.reset_index().reindex(columns=columns)
    return found.astype(dict.fromkeys(found.select_dtypes("category").columns, "str"))


def epoch_values(frames: Frames, signals: Iterable[str] | None) -> pd.DataFrame:
    """One row per trial, signal and epoch: the F1 of each epoch, as :func:`measured` returns it,
    with a column ``epoch``."""
    trials = measured(frames, schema.F1, signals).drop(columns="value")
    found = frames.curves[frames.curves["metric"] == schema.EPOCH_F1].drop(columns="metric")
    return trials.merge(found, on=["run_id", "series"])


def usual_ratio(ratios: pd.Series[float]) -> float:
    """The paper's ratio if it was run, else the most frequent one.

    >>> usual_ratio(pd.Series([0.01, 0.1, 0.3, 0.3])), usual_ratio(pd.Series([0.05, 0.05, 0.2]))
    (0.1, 0.05)
    """
    if (ratios == PAPER_RATIO).any() or ratios.empty:
        return PAPER_RATIO
    return float(ratios.mode().iloc[0])


def at_usual_ratio(values: pd.DataFrame) -> pd.DataFrame:
    """The values at the :func:`usual_ratio` of each dataset, model and glitch."""
    ratios = values.groupby(["dataset", "model", "glitch"], observed=True)["ratio"]
    return values[values["ratio"] == ratios.transform(usual_ratio)]


def unfinished(frames: Frames, by: Sequence[str]) -> pd.DataFrame:
    """The number of ``failed`` and ``running`` trials, grouped by the columns ``by``."""
    runs = with_variant(frames, frames.runs)
    runs = runs[runs["state"].isin([FAILED, RUNNING])]
    runs = runs.drop_duplicates(["spec_hash", "state"])
    counts = runs.groupby([*by, "state"], dropna=False).size().unstack("state", fill_value=0)
    return counts.reindex(columns=[FAILED, RUNNING], fill_value=0).reset_index()
