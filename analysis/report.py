"""One self-contained HTML page: ``python -m analysis.report --experiment NAME --out DIR``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup
from matplotlib.figure import Figure

from analysis.claims import judge
from analysis.figures import all_figures, file_name
from analysis.options import RunOptions, check_names
from analysis.paper import narrative
from analysis.paper.layouts import METRIC_TITLES, Layout, all_tables
from analysis.reading.frames import FAILED, Frames
from analysis.reading.selection import Selection, left_out_note
from analysis.rendering.formats import to_html
from analysis.rendering.pictures import Suspects, inline, suspects
from analysis.rendering.table import Table
from analysis.rendering.text import glitch_words
from common.cli import option, parse, run
from common.html import render_template
from experiments import schema

REPORT_FILE: Final = "report.html"
LARGEST: Final = 4_800_000
LONG_TABLE: Final = 40
TEMPLATE: Final = Path(__file__).parent / "templates" / "report.html"
CAPTIONS: Final = {
    "figure1": "Figure 1 of the paper, tables: mislabelled samples and near-clustered anomalies; "
    "mean over datasets, bars between seeds.",
    "figure2": "Figure 2 of the paper, images: mislabelled samples, far-clustered anomalies and "
    "outliers; mean over datasets, bars between seeds.",
    "figure4": "Figure 4 of the paper: growing ratios of glitched samples; mean over models.",
    "figure5": "Figure 5 of the paper: near-clustered anomalies, each epoch alone.",
    "epochs": "F1 of each epoch alone; rings mark the best epoch.",
    "ranks": "Critical-difference diagram: bars join signals that Nemenyi's test does not tell "
    "apart.",
    "seconds": "Wall time of a trial by step.",
}
DETAILS: Final = {
    "distributions": "Scores of clean and glitched samples, of each setting the first seed",
    "precision_recall": "Precision against recall, of each setting the first seed; dotted: chance",
}
SECTIONS: Final = {
    "summary": "Summary",
    "claims": "Claims",
    "figures": "Figures",
    "tables": "Tables",
    "suspects": "Most suspicious samples",
    "failures": "Trials that failed",
}


@dataclass(frozen=True)
class Picture:
    """A figure on the page; those with the same ``detail`` are folded away under it."""

    caption: str
    picture: Markup
    detail: str = ""


@dataclass(frozen=True)
class PageTable:
    """A table on the page; a long one is folded away under its title."""

    title: str
    content: Markup
    long: bool


def render(runs: Selection, layout: Layout, figures: Mapping[str, Figure]) -> str:
    """The page.

    Args:
        runs: what it is about.
        layout: metric and signals.
        figures: those to show, as :func:`analysis.figures.all_figures` returns them.
    """
    frames = runs.frames
    glitches = {file_name(glitch): glitch for glitch in frames.trials["glitch"].unique()}
    pictures = [_picture(name, figure, glitches) for name, figure in figures.items()]
    verdicts = judge(frames)
    content: dict[str, Any] = {
        "title": f"Influence signals: {runs.title}",
        "subtitle": _subtitle(frames),
        "ran": narrative.what_was_run(frames),
        "found": narrative.what_was_found(frames, layout),
        "claimed": narrative.what_was_claimed(verdicts),
        "certain": narrative.what_is_certain(frames, layout),
        "left_out": left_out_note(frames),
        "verdicts": verdicts,
        "figures": pictures,
        "tables": [_table(table) for table in all_tables(frames, layout)],
        "failures": frames.runs[frames.runs["state"] == FAILED].to_dict("records"),
    }
    every = suspects(runs, layout)
    kept = fitting(every, LARGEST - len(_page(content, [], 0).encode()))
    return _page(content, kept, len(every) - len(kept))


def _picture(name: str, figure: Figure, glitches: Mapping[str, str]) -> Picture:
    """A figure with its caption; those of one glitch are told by the end of their file's name."""
    if name in CAPTIONS:
        return Picture(CAPTIONS[name], inline(figure, CAPTIONS[name]))
    kind = next(kind for kind in DETAILS if name.startswith(kind))
    glitch = glitch_words(glitches[name.removeprefix(f"{kind}_")])
    return Picture(glitch, inline(figure, f"{DETAILS[kind]}: {glitch}"), DETAILS[kind])


def _table(table: Table) -> PageTable:
    content = Markup(to_html(table))  # noqa: S704 - to_html escapes its texts
    return PageTable(table.title, content, len(table.rows) > LONG_TABLE)


def _page(content: Mapping[str, Any], kept: Sequence[Suspects], dropped: int) -> str:
    full = {**content, "suspects": kept, "dropped": dropped}
    sections = {name: heading for name, heading in SECTIONS.items() if full.get(name, True)}
    return render_template(TEMPLATE, {**full, "sections": sections})


def fitting(every: Sequence[Suspects], room: int) -> list[Suspects]:
    """The first sheets that fit into ``room`` characters."""
    kept = []
    for cell in every:
        room -= cell.size
        if room < 0:
            break
        kept.append(cell)
    return kept


def _subtitle(frames: Frames) -> str:
    trials = frames.trials
    started = trials["started"]
    first, last = (moment.strftime("%Y-%m-%d %H:%M") for moment in (started.min(), started.max()))
    versions = ", ".join(sorted(trials["code_version"].dropna().unique()))
    return f"{len(trials)} trials, started {first} to {last} UTC; code version {versions}"


@dataclass(frozen=True)
class ReportOptions(RunOptions):
    """Which report."""

    metric: str = option(f"one of {', '.join(METRIC_TITLES)}", schema.F1)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the report into ``--out``."""
    options = parse(ReportOptions, "report", "One HTML page about the runs in MLflow.", argv)
    check_names("metric", [options.metric], METRIC_TITLES)
    out = options.folder()
    runs = options.selection()
    layout = Layout(options.metric, options.chosen_signals(runs.frames))
    page = render(runs, layout, all_figures(runs, layout))
    path = out / REPORT_FILE
    path.write_text(page, encoding="utf-8")
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
