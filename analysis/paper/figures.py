"""Figures 1, 2, 4 and 5 of the paper, in its arrangement, and the names of all figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import pandas as pd
from matplotlib.figure import Figure

from analysis.choices import FIGURES
from analysis.paper.claims import PAPER_MODEL
from analysis.plotting.drawing import (
    curves,
    grouped_bars,
    legend,
    not_run,
    panels,
    preferred,
    score_axis,
    style,
)
from analysis.plotting.run_figures import distributions, epochs, precision_recall, ranks, seconds
from analysis.reading.frames import Frames
from analysis.reading.selection import Selection
from analysis.reading.stored import load_scores
from analysis.rendering.text import display_name, glitch_name, percent, setting_name
from analysis.stats.glitch_groups import OUTLIERS, glitch_group, glitch_order
from analysis.stats.summary import at_usual_ratio, epoch_values, measured, summarise, usual_ratio
from analysis.stats.view import View

#: The groups of glitches that the panels of the figures show.
NOISE: Final = ("uniform_noise", "class_dependent_noise")
TABULAR_PANELS: Final = (*NOISE, "near_clustered_anomalies")
IMAGE_PANELS: Final = (*NOISE, "far_clustered_anomalies", OUTLIERS)
RATIO_PANELS: Final = (
    ("tabular", "uniform_noise"),
    ("tabular", "near_clustered_anomalies"),
    ("image", "uniform_noise"),
    ("image", "far_clustered_anomalies"),
)


def _values(frames: Frames, view: View, modality: str) -> pd.DataFrame:
    values = measured(frames, view.metric, view.signals)
    values = values[values["modality"] == modality]
    return values.assign(group=values["glitch"].map(glitch_group))


def _bars(frames: Frames, view: View, modality: str, groups: Sequence[str]) -> Figure | None:
    values = _values(frames, view, modality)
    values = values[values["group"].isin(groups)]
    values = values[values["ratio"] == usual_ratio(values["ratio"])]
    if values.empty:
        return None
    signals = preferred(list(values["series"].unique()), view.signals)
    summary = summarise(values, ["group", "model"])
    figure, axes = panels(1, len(groups))
    for letter, panel, name in zip("abcd", axes[0], groups, strict=False):
        here = summary[summary["group"] == name]
        panel.set_title(f"({letter}) {glitch_name(name)}")
        score_axis(panel)
        if here.empty:
            not_run(panel)
        else:
            grouped_bars(panel, here, "model", sorted(here["model"].unique()), signals)
            panel.grid(visible=False, axis="x")
    axes[0, 0].set_ylabel(f"average {view.title}")
    legend(figure, signals, bars=True)
    return figure


def figure1(frames: Frames, view: View) -> Figure | None:
    """Tables: average F1 of each signal by model, averaged over datasets."""
    return _bars(frames, view, "tabular", TABULAR_PANELS)


def figure2(frames: Frames, view: View) -> Figure | None:
    """Images: average F1 of each signal by model, averaged over datasets."""
    return _bars(frames, view, "image", IMAGE_PANELS)


def figure4(frames: Frames, view: View) -> Figure | None:
    """F1 at growing ratios, one panel per dataset, averaged over models."""
    rows: list[tuple[str, pd.DataFrame]] = []
    for letter, (modality, glitch) in zip("abcd", RATIO_PANELS, strict=True):
        values = _values(frames, view, modality)
        values = values[values["group"] == glitch]
        several = values.groupby("dataset")["ratio"].transform("nunique") > 1
        if several.any():
            rows.append((f"({letter}) {glitch_name(glitch)}, {modality} data", values[several]))
    if not rows:
        return None
    every = pd.concat([values for _, values in rows])
    signals = preferred(list(every["series"].unique()), view.signals)
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
            panel.set_title(display_name("dataset", dataset))
        first = f"{heading}\n{display_name('dataset', datasets[0])}"
        line[0].set_title(first, loc="left" if len(datasets) > 1 else "center")
        line[0].set_ylabel(view.title)
    ratios = sorted(every["ratio"].unique())
    axes[-1, 0].set_xticks(ratios, list(map(percent, ratios)))
    for panel in axes[-1]:
        panel.set_xlabel("ratio of glitched samples")
    legend(figure, signals)
    return figure


def figure5(frames: Frames, view: View) -> Figure | None:
    """F1 of each epoch on near-clustered anomalies, for the paper's model, or all others."""
    values = epoch_values(frames, view.signals)
    values = values[values["glitch"].map(glitch_group) == "near_clustered_anomalies"]
    values = at_usual_ratio(values)
    if (values["model"] == PAPER_MODEL).any():
        values = values[values["model"] == PAPER_MODEL]
    if values.empty:
        return None
    signals = preferred(list(values["series"].unique()), view.signals)
    models, datasets = (sorted(values[key].unique()) for key in ("model", "dataset"))
    summary = summarise(values, ["model", "dataset", "epoch"])
    figure, axes = panels(len(models), len(datasets))
    for line, model in zip(axes, models, strict=True):
        for panel, dataset in zip(line, datasets, strict=True):
            here = summary[(summary["model"] == model) & (summary["dataset"] == dataset)]
            score_axis(panel)
            curves(panel, here, "epoch", signals)
            panel.set_title(setting_name(dataset, model))
            panel.xaxis.get_major_locator().set_params(integer=True)
        line[0].set_ylabel("F1")
    for panel in axes[-1]:
        panel.set_xlabel("epoch")
    legend(figure, signals)
    return figure


#: What draws each figure.
FROM_METRICS: Final = {
    "figure1": figure1,
    "figure2": figure2,
    "figure4": figure4,
    "figure5": figure5,
    "epochs": epochs,
    "ranks": ranks,
    "seconds": seconds,
}
FROM_SCORES: Final = {"distributions": distributions, "precision_recall": precision_recall}


@dataclass(frozen=True)
class NamedFigure:
    """A figure with its name, one of ``FIGURES``, and its glitch if it shows a single one."""

    name: str
    figure: Figure
    glitch: str = ""

    @property
    def stem(self) -> str:
        """The name of its files, without a suffix.

        >>> NamedFigure("distributions", Figure(), "outliers(mode=added)").stem
        'distributions_outliers_mode=added'
        """
        return re.sub(r"[^\w.=+-]+", "_", f"{self.name}_{self.glitch}").strip("_")


def all_figures(runs: Selection, view: View, wanted: Iterable[str] = FIGURES) -> list[NamedFigure]:
    """The wanted figures that the runs can fill; those from scores, once per glitch."""
    frames = runs.frames
    made: list[tuple[str, Figure | None, str]] = []
    with style():
        for name in wanted:
            if name in FROM_METRICS:
                made.append((name, FROM_METRICS[name](frames, view), ""))
                continue
            for glitch, trials in sorted(
                frames.trials.groupby("glitch"), key=lambda group: glitch_order(str(group[0]))
            ):
                of_glitch = frames.only(trials["run_id"])
                figure = FROM_SCORES[name](of_glitch, view, partial(load_scores, runs.store))
                made.append((name, figure, str(glitch)))
    return [NamedFigure(name, figure, glitch) for name, figure, glitch in made if figure]
