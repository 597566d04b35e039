"""The report: one self-contained HTML page about the runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from markupsafe import Markup

from analysis.paper import sentences
from analysis.paper.claims import check_claims
from analysis.paper.figures import NamedFigure
from analysis.paper.tables import all_tables
from analysis.plotting.inline import inline_figure
from analysis.plotting.top_samples import Trial, top_samples
from analysis.reading.frames import FAILED, Frames
from analysis.reading.selection import Selection, left_out_note
from analysis.rendering.formats import FORMATS, TEMPLATES
from analysis.rendering.table import Table
from analysis.rendering.text import glitch_name
from analysis.stats.view import View
from common.html import render_template

REPORT_FILE: Final = "report.html"
LARGEST: Final = 4_800_000
LONG_TABLE: Final = 40
CAPTIONS: Final = {
    "figure1": "Figure 1 of the paper, tables: mislabelled samples and near-clustered anomalies. "
    "Mean over datasets; error bars are standard deviations over seeds.",
    "figure2": "Figure 2 of the paper, images: mislabelled samples, far-clustered anomalies and "
    "outliers. Mean over datasets; error bars are standard deviations over seeds.",
    "figure4": "Figure 4 of the paper: growing ratios of glitched samples. Mean over models.",
    "figure5": "Figure 5 of the paper: near-clustered anomalies, each epoch on its own.",
    "epochs": "F1 of each epoch on its own; rings mark the best epoch.",
    "ranks": "Critical-difference diagram: bars join signals that Nemenyi's test does not "
    "separate.",
    "seconds": "Wall time of a trial by step.",
    "distributions": "Scores of clean and glitched samples; first seed of each setting",
    "precision_recall": "Precision and recall; first seed of each setting; dotted: chance level",
}
SECTIONS: Final = {
    "summary": "Summary",
    "claims": "Claims",
    "figures": "Figures",
    "tables": "Tables",
    "trials": "Most suspicious samples",
    "failures": "Trials that failed",
}


@dataclass(frozen=True)
class Picture:
    """A figure on the page; figures with the same ``detail`` are collapsed under it."""

    caption: str
    picture: Markup
    detail: str = ""


@dataclass(frozen=True)
class PageTable:
    """A table on the page; a long one is collapsed under its title."""

    title: str
    content: Markup
    long: bool


def render(runs: Selection, view: View, figures: Sequence[NamedFigure]) -> str:
    """The page.

    Args:
        runs: the runs that it is about.
        view: metric and signals.
        figures: as :func:`analysis.paper.figures.all_figures` returns them.
    """
    frames = runs.frames
    results = check_claims(frames)
    content: dict[str, Any] = {
        "title": f"Influence signals: {runs.title}",
        "subtitle": _subtitle(frames),
        "ran": sentences.what_was_run(frames),
        "found": sentences.what_was_found(frames, view),
        "claimed": sentences.what_was_claimed(results),
        "significant": sentences.what_is_significant(frames, view),
        "results": results,
        "figures": [_picture(figure) for figure in figures],
        "tables": [_table(table) for table in all_tables(frames, view)],
        "failures": frames.runs[frames.runs["state"] == FAILED].to_dict("records"),
    }
    trials = top_samples(runs, view)
    content["left_out"] = left_out_note(runs)
    kept = fitting(trials, LARGEST - len(_page(content, [], 0).encode()))
    return _page(content, kept, len(trials) - len(kept))


def _picture(drawn: NamedFigure) -> Picture:
    caption = CAPTIONS[drawn.name]
    if not drawn.glitch:
        return Picture(caption, inline_figure(drawn.figure, caption))
    glitch = glitch_name(drawn.glitch)
    return Picture(glitch, inline_figure(drawn.figure, f"{caption}: {glitch}"), caption)


def _table(table: Table) -> PageTable:
    content = Markup(FORMATS["html"][1](table))  # noqa: S704 - the template escapes its texts
    return PageTable(table.title, content, len(table.rows) > LONG_TABLE)


def _page(content: Mapping[str, Any], kept: Sequence[Trial], dropped: int) -> str:
    full = {**content, "trials": kept, "dropped": dropped}
    sections = {name: heading for name, heading in SECTIONS.items() if full.get(name, True)}
    return render_template(TEMPLATES / "report.html", {**full, "sections": sections})


def fitting(trials: Sequence[Trial], room: int) -> list[Trial]:
    """The first trials whose samples fit into ``room`` characters."""
    ends = accumulate(trial.size for trial in trials)
    return [trial for trial, end in zip(trials, ends, strict=True) if end <= room]


def _subtitle(frames: Frames) -> str:
    trials = frames.trials
    started = trials["started"]
    first, last = (moment.strftime("%Y-%m-%d %H:%M") for moment in (started.min(), started.max()))
    versions = ", ".join(sorted(trials["code_version"].dropna().unique()))
    return f"{len(trials)} trials, started {first} to {last} UTC; code version {versions}"
