"""Figures 1, 2, 4 and 5 of the paper, in its arrangement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from analysis.paper.layouts import METRIC_TITLES, Layout
from analysis.plotting.drawing import (
    curves,
    grouped_bars,
    legend,
    not_run,
    panels,
    preferred,
    score_axis,
)
from analysis.reading.frames import Frames
from analysis.rendering.text import percent
from analysis.stats.summary import measured, summarise
from experiments import schema

PAPER_RATIO: Final = 0.1
PAPER_MODEL: Final = "ft_transformer"
OUTLIERS: Final = "outliers"
#: Panels of the figures: heading, and the glitch (or family of glitches) it shows.
NOISE: Final = {
    "uniform_noise": "uniform class noise",
    "class_dependent_noise": "class-dependent noise",
}
TABULAR_PANELS: Final = NOISE | {"near_clustered_anomalies": "near-clustered anomalies"}
IMAGE_PANELS: Final = NOISE | {
    "far_clustered_anomalies": "far-clustered anomalies",
    OUTLIERS: "outliers",
}
RATIO_PANELS: Final = (
    ("tabular", "uniform_noise"),
    ("tabular", "near_clustered_anomalies"),
    ("image", "uniform_noise"),
    ("image", "far_clustered_anomalies"),
)
_HEADINGS: Final = TABULAR_PANELS | IMAGE_PANELS


def family(glitch: str) -> str:
    """The panel a glitch belongs to: its name without layout, outliers of every corruption taken
    together; a mixture stays what it is.

    >>> family("stripe_outliers"), family("uniform_noise"), family("a:0.1+b_outliers:0.1")
    ('outliers', 'uniform_noise', 'a:0.1+b_outliers:0.1')
    """
    base = glitch.partition("(")[0]
    if ":" in glitch:
        return glitch
    return OUTLIERS if base.endswith(f"_{OUTLIERS}") else base


def _values(frames: Frames, layout: Layout, modality: str) -> pd.DataFrame:
    values = measured(frames, layout.metric, layout.signals)
    values = values[values["modality"] == modality]
    return values.assign(family=values["glitch"].map(family))


def _bars(frames: Frames, layout: Layout, modality: str, headings: dict[str, str]) -> Figure | None:
    values = _values(frames, layout, modality)
    values = values[values["family"].isin(list(headings))]
    values = values[values["ratio"] == usual_ratio(values["ratio"])]
    if values.empty:
        return None
    signals = preferred(list(values["series"].unique()), layout.signals)
    summary = summarise(values, ["family", "model"])
    figure, axes = panels(1, len(headings))
    for letter, panel, (name, heading) in zip("abcd", axes[0], headings.items(), strict=False):
        here = summary[summary["family"] == name]
        models = sorted(here["model"].unique())
        panel.set_title(f"({letter}) {heading}")
        score_axis(panel)
        if models:
            grouped_bars(panel, here, "model", models, signals)
            panel.grid(visible=False, axis="x")
        else:
            not_run(panel)
    axes[0, 0].set_ylabel(f"average {METRIC_TITLES[layout.metric]}")
    legend(figure, signals, bars=True)
    return figure


def usual_ratio(ratios: pd.Series[float]) -> float:
    """The paper's ratio where it was run, else the most frequent one.

    >>> usual_ratio(pd.Series([0.01, 0.1, 0.3, 0.3])), usual_ratio(pd.Series([0.05, 0.05, 0.2]))
    (0.1, 0.05)
    """
    if (ratios == PAPER_RATIO).any() or ratios.empty:
        return PAPER_RATIO
    return float(ratios.mode().iloc[0])


def of_usual_ratio(values: pd.DataFrame) -> pd.DataFrame:
    """Of each dataset, model and glitch the trials of :func:`usual_ratio`."""
    ratios = values.groupby(["dataset", "model", "glitch"], observed=True)["ratio"]
    return values[values["ratio"] == ratios.transform(usual_ratio)]


def figure1(frames: Frames, layout: Layout) -> Figure | None:
    """Tables: average F1 of each signal by model, over datasets."""
    return _bars(frames, layout, "tabular", TABULAR_PANELS)


def figure2(frames: Frames, layout: Layout) -> Figure | None:
    """Images: average F1 of each signal by model, over datasets."""
    return _bars(frames, layout, "image", IMAGE_PANELS)


def figure4(frames: Frames, layout: Layout) -> Figure | None:
    """F1 at growing ratios, one panel a dataset, over models."""
    rows: list[tuple[str, pd.DataFrame]] = []
    for letter, (modality, glitch) in zip("abcd", RATIO_PANELS, strict=True):
        values = _values(frames, layout, modality)
        values = values[values["family"] == glitch]
        several = values.groupby("dataset")["ratio"].transform("nunique") > 1
        if several.any():
            rows.append((f"({letter}) {_HEADINGS[glitch]}, {modality} data", values[several]))
    if not rows:
        return None
    every = pd.concat([values for _, values in rows])
    signals = preferred(list(every["series"].unique()), layout.signals)
    columns = max(values["dataset"].nunique() for _, values in rows)
    figure, axes = panels(len(rows), columns, sharex="all")
    for line, (heading, values) in zip(axes, rows, strict=True):
        summary = summarise(values, ["dataset", "ratio"])
        datasets = sorted(values["dataset"].unique())
        for panel in line[len(datasets) :]:
            panel.set_visible(False)
        for panel, dataset in zip(line, datasets, strict=False):
            score_axis(panel)
            curves(panel, summary[summary["dataset"] == dataset], "ratio", signals)
            panel.set_title(dataset)
        line[0].set_title(
            f"{heading}\n{datasets[0]}", loc="left" if len(datasets) > 1 else "center"
        )
        line[0].set_ylabel(METRIC_TITLES[layout.metric])
    ratios = sorted(every["ratio"].unique())
    axes[-1, 0].set_xticks(ratios, list(map(percent, ratios)))
    for panel in axes[-1]:
        panel.set_xlabel("ratio of glitched samples")
    legend(figure, signals)
    return figure


def epoch_values(frames: Frames, signals: Sequence[str] | None) -> pd.DataFrame:
    """One row a trial, signal and epoch: as :func:`measured`, with ``epoch``."""
    trials = measured(frames, schema.F1, signals).drop(columns="value")
    found = frames.curves[frames.curves["metric"] == schema.EPOCH_F1].drop(columns="metric")
    return trials.merge(found, on=["run_id", "series"])


def figure5(frames: Frames, layout: Layout) -> Figure | None:
    """F1 of each epoch for near-clustered anomalies: the paper's model, or those that were run."""
    values = epoch_values(frames, layout.signals)
    values = values[values["glitch"].map(family) == "near_clustered_anomalies"]
    values = of_usual_ratio(values)
    if (values["model"] == PAPER_MODEL).any():
        values = values[values["model"] == PAPER_MODEL]
    if values.empty:
        return None
    signals = preferred(list(values["series"].unique()), layout.signals)
    models, datasets = (sorted(values[key].unique()) for key in ("model", "dataset"))
    summary = summarise(values, ["model", "dataset", "epoch"])
    figure, axes = panels(len(models), len(datasets))
    for line, model in zip(axes, models, strict=True):
        for panel, dataset in zip(line, datasets, strict=True):
            here = summary[(summary["model"] == model) & (summary["dataset"] == dataset)]
            score_axis(panel)
            curves(panel, here, "epoch", signals)
            panel.set_title(f"{dataset}, {model}")
            panel.xaxis.get_major_locator().set_params(integer=True)
        line[0].set_ylabel("F1")
    for panel in axes[-1]:
        panel.set_xlabel("epoch")
    legend(figure, signals)
    return figure
