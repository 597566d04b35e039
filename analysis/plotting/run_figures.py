"""Figures of the runs: epochs, scores, precision and recall, ranks, seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from scikit_posthocs import critical_difference_diagram
from sklearn.metrics import precision_recall_curve

from analysis.plotting.drawing import curves, legend, panels, preferred, score_axis
from analysis.reading.frames import Frames
from analysis.rendering.text import glitch_name, panel_title, percent, setting_name, words
from analysis.stats.comparison import ALPHA, TooFewError, in_blocks, omnibus
from analysis.stats.glitch_groups import glitch_order, in_order
from analysis.stats.summary import at_usual_ratio, epoch_values, measured, summarise
from analysis.stats.view import View
from experiments import schema
from glitches.contaminated import ERROR_COLUMNS
from influence.signals.display import style_of

Scores = Callable[[str], pd.DataFrame | None]
Example = tuple[str, str, pd.DataFrame]
"""A title, the id of a run, and the scores of the run."""

OTHER: Final = "other"
FIXED_SPACE: Final = "\u00a0"  # browsers drop a normal space at the end of a text
CLEAN_COLOUR: Final = "0.6"
GLITCHED_COLOUR: Final = "#D55E00"
STEP_COLOURS: Final = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#0072B2", "#999933", "0.6")


def epochs(frames: Frames, view: View) -> Figure | None:
    """F1 of each epoch, with a ring around the best: one row per dataset and model, one panel per
    glitch."""
    values = at_usual_ratio(epoch_values(frames, view.signals))
    if values.empty:
        return None
    signals = preferred(list(values["series"].unique()), view.signals)
    summary = summarise(values, ["dataset", "model", "glitch", "ratio", "epoch"])
    rows = []
    for (dataset, model), setting in summary.groupby(["dataset", "model"]):
        kinds = sorted(setting["glitch"].unique(), key=glitch_order)
        panels_of_row = [(kind, setting[setting["glitch"] == kind]) for kind in kinds]
        rows.append((setting_name(str(dataset), str(model)), panels_of_row))
    figure, axes = panels(len(rows), max(len(kinds) for _, kinds in rows))
    for line, (name, kinds) in zip(axes, rows, strict=True):
        for panel in line[len(kinds) :]:
            panel.set_visible(False)
        for panel, (glitch, here) in zip(line, kinds, strict=False):
            score_axis(panel)
            curves(panel, here, "epoch", signals, best=True)
            share = percent(float(here["ratio"].iloc[0]))
            panel.set_title(panel_title(f"{glitch_name(glitch)} {share}", name))
            panel.xaxis.get_major_locator().set_params(integer=True)
        line[0].set_ylabel("F1")
    for column in axes.T:
        [panel for panel in column if panel.get_visible()][-1].set_xlabel("epoch")
    legend(figure, signals)
    return figure


def examples(frames: Frames, view: View, scores: Scores) -> Iterator[Example]:
    """For each cell with glitches, the first seed that has scores."""
    values = measured(frames, schema.F1, view.signals)
    values = at_usual_ratio(values)
    cell = ["dataset", "model", "glitch", "ratio"]
    trials = in_order(values.drop_duplicates("run_id"), ["glitch", "dataset", "model", "seed"])
    for _, seeds in trials.groupby(cell, sort=False):
        dataset, model, glitch, ratio = (seeds[key].iloc[0] for key in cell)
        for run_id, seed in zip(seeds["run_id"], seeds["seed"], strict=True):
            table = scores(run_id)
            if table is not None:
                kind = f"{glitch_name(str(glitch))} {percent(ratio)}"
                yield f"{kind}\n{setting_name(dataset, model)}, seed {seed:g}", run_id, table
                break


def distributions(frames: Frames, view: View, scores: Scores) -> Figure | None:
    """Scores of clean and glitched samples: one row per cell, one column per signal."""
    found = list(examples(frames, view, scores))
    if not found:
        return None
    signals = preferred(_scored(found), view.signals)
    figure, axes = panels(len(found), len(signals), sharey="none")
    for line, (title, _, table) in zip(axes, found, strict=True):
        for panel, signal in zip(line, signals, strict=True):
            panel.set_yticks([])
            panel.grid(visible=False)
            panel.locator_params(axis="x", nbins=3)
            if signal not in table:
                panel.set_visible(False)
                continue
            shown = compressed(table[signal].to_numpy())
            bins = np.histogram_bin_edges(shown, bins=30)
            for part, colour in ((False, CLEAN_COLOUR), (True, GLITCHED_COLOUR)):
                chosen = shown[table["is_glitch"].to_numpy() == part]
                heights, _ = np.histogram(chosen, bins, density=True)
                panel.stairs(heights, bins, fill=True, color=colour, alpha=0.65)
        line[0].set_ylabel(panel_title(*title.split("\n"), width=30), fontsize=7)
    for panel, signal in zip(axes[0], signals, strict=True):
        panel.set_title(style_of(signal).short)
    for panel in axes[-1]:
        panel.set_xlabel("asinh(score / median |score|)")
    handles = [
        Patch(facecolor=CLEAN_COLOUR, alpha=0.65, label="clean"),
        Patch(facecolor=GLITCHED_COLOUR, alpha=0.65, label="glitched"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return figure


def compressed(scores: np.ndarray) -> np.ndarray:
    """Scores divided by their median size, linear near zero and logarithmic far from it.

    >>> compressed(np.array([-1.0, 0.0, 1.0])).round(2).tolist()
    [-0.88, 0.0, 0.88]
    """
    size = np.median(np.abs(scores))
    return np.asarray(np.arcsinh(scores / size if size > 0 else scores))


def _scored(found: Sequence[Example]) -> list[str]:
    return sorted({c for _, _, table in found for c in table.columns} - set(ERROR_COLUMNS))


def precision_recall(frames: Frames, view: View, scores: Scores) -> Figure | None:
    """Precision and recall of each signal, one panel per cell."""
    found = list(examples(frames, view, scores))
    if not found:
        return None
    signals = preferred(_scored(found), view.signals)
    columns = min(4, len(found))
    rows = -(-len(found) // columns)
    figure, axes = panels(rows, columns, sharex="all")
    for panel in axes.flat[len(found) :]:
        panel.set_visible(False)
    for panel, (title, _, table) in zip(axes.flat, found, strict=False):
        score_axis(panel)
        panel.set_title(panel_title(*title.split("\n")))
        share = table["is_glitch"].mean()
        panel.axhline(share, color="0.5", linewidth=0.8, linestyle=":")
        for number, signal in enumerate(signals):
            if signal in table:
                precision, recall, _ = precision_recall_curve(table["is_glitch"], table[signal])
                defined = recall > 0
                panel.step(
                    recall[defined],
                    precision[defined],
                    where="post",
                    color=style_of(signal).colour,
                    linewidth=max(1.0, 3.1 - 0.7 * number),  # equal curves stay visible
                )
    for line in axes:
        line[0].set_ylabel("precision")
    for panel in axes.flat[max(0, len(found) - columns) : len(found)]:
        panel.set_xlabel("recall")
        panel.xaxis.set_tick_params(labelbottom=True)
    axes[0, 0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    legend(figure, signals, markers=False)
    return figure


def ranks(frames: Frames, view: View) -> Figure | None:
    """Critical-difference diagram: mean ranks over all blocks; bars join signals that Nemenyi's
    test does not separate."""
    blocks = in_blocks(frames, view.metric, view.signals)
    try:
        found = omnibus(blocks)
    except TooFewError:
        return None
    figure = Figure(figsize=(6.5, 0.9 + 0.13 * len(found.ranks)), layout="constrained")
    axes = figure.subplots()
    styles = {str(signal): style_of(str(signal)) for signal in blocks}
    short = {signal: drawn.short for signal, drawn in styles.items()}
    critical_difference_diagram(
        found.ranks.rename(index=short),
        found.pairs.rename(index=short, columns=short),
        ax=axes,
        alpha=ALPHA,
        color_palette={drawn.short: drawn.colour for drawn in styles.values()},
        label_fmt_left=f"{{label}} ({{rank:.2f}}){FIXED_SPACE}",
        label_fmt_right=f"{FIXED_SPACE}({{rank:.2f}}) {{label}}",
    )
    axes.spines["top"].set_visible(True)
    axes.set_title(f"mean rank over {found.blocks} blocks, 1 is best")
    return figure


def seconds(frames: Frames, _view: View) -> Figure | None:
    """Mean wall time of a trial by step, one bar per dataset and model, with the standard deviation
    of the total."""
    values = measured(frames, schema.SECONDS)
    if values.empty:
        return None
    grouped = values.groupby(["dataset", "model", "series"], observed=True)["value"]
    means = grouped.mean().unstack().fillna(0.0)
    steps = [step for step in dict.fromkeys(values["series"]) if step != schema.TOTAL]
    total = schema.TOTAL in means
    if total:
        means[OTHER] = (means[schema.TOTAL] - means[steps].sum(axis=1)).clip(lower=0.0)
        steps.append(OTHER)
    figure = Figure(figsize=(6.5, 0.9 + 0.28 * len(means)), layout="constrained")
    axes = figure.subplots()
    labels = [setting_name(dataset, model) for dataset, model in means.index]
    left = np.zeros(len(means))
    for number, step in enumerate(steps):
        colour = STEP_COLOURS[number % len(STEP_COLOURS)]
        axes.barh(
            labels,
            means[step],
            left=left,
            color=colour,
            edgecolor="white",
            linewidth=0.3,
            label=words(step),
        )
        left += means[step].to_numpy()
    if total:
        spread = grouped.std().unstack()[schema.TOTAL].fillna(0.0)
        axes.errorbar(
            means[schema.TOTAL],
            labels,
            xerr=[np.minimum(spread, means[schema.TOTAL]), spread],
            fmt="none",
            ecolor="black",
            elinewidth=0.8,
            capsize=2,
        )
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("seconds per trial")
    figure.legend(loc="outside upper center", ncols=len(steps), handlelength=1.2, columnspacing=1.2)
    return figure
