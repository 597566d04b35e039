"""The most suspicious samples of trials: contact sheets of images, lists of table rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd
from markupsafe import Markup
from PIL import Image

from analysis.plotting.drawing import preferred
from analysis.plotting.inline import inline_png
from analysis.plotting.run_figures import examples
from analysis.reading.selection import Selection
from analysis.reading.stored import load_scores
from analysis.rendering.text import display_name, glitch_name, words
from analysis.stats.view import View
from experiments import schema
from glitches.contaminated import ERROR_COLUMNS

LISTED: Final = 10
UNUSUAL: Final = "most unusual features (deviations from the median of its label)"


@dataclass(frozen=True)
class TopSamples:
    """The most suspicious samples of one trial by one signal: a picture, or rows with headings."""

    signal: str
    caption: str
    picture: Markup | None = None
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()

    @property
    def size(self) -> int:
        """About how many characters it adds to a page."""
        return len(self.picture or "") + sum(len(cell) + 10 for row in self.rows for cell in row)


@dataclass(frozen=True)
class Trial:
    """The most suspicious samples of one trial by each signal."""

    title: str
    samples: list[TopSamples]

    @property
    def size(self) -> int:
        """About how many characters it adds to a page."""
        return sum(samples.size for samples in self.samples)


def top_samples(runs: Selection, view: View) -> list[Trial]:
    """For each dataset, model and glitch, the most suspicious samples of the first seed."""
    found = []
    for title, run_id, scores in examples(runs.frames, view, partial(load_scores, runs.store)):
        logged = [column for column in scores.columns if column not in ERROR_COLUMNS]
        signals = preferred(logged, view.signals)
        samples = runs.store.load(
            run_id, schema.SUSPECTS_FOLDER, partial(_of_trial, signals=signals, scores=scores)
        )
        if samples:
            found.append(Trial(title.replace("\n", ", "), samples))
    return found


def _of_trial(folder: Path, signals: list[str], scores: pd.DataFrame) -> list[TopSamples]:
    found = (_of_signal(folder, signal, scores) for signal in signals)
    return [samples for samples in found if samples is not None]


def _of_signal(folder: Path, signal: str, scores: pd.DataFrame) -> TopSamples | None:
    """What a trial has stored for a signal; ``None`` where it has stored nothing."""
    name = display_name("signal", signal)
    count = int(scores["is_glitch"].sum())
    hits = int(scores.nlargest(count, signal)["is_glitch"].sum())
    caption = f"{hits} of the {count} most suspicious samples are glitches"
    table, sheet = folder / schema.SUSPECTS_TABLE, folder / f"{signal}.png"
    if table.exists():
        return TopSamples(name, caption, None, *_rows(pd.read_csv(table), signal))
    if not sheet.exists():
        return None
    alternative = f"contact sheet of the most suspicious samples by {name}"
    with Image.open(sheet, formats=["PNG"]) as image:
        image.verify()
    return TopSamples(name, caption, inline_png(sheet.read_bytes(), alternative))


def _rows(stored: pd.DataFrame, signal: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The headings and rows of a stored list, with the most unusual features of each row."""
    table = stored[stored["signal"] == signal].head(LISTED).drop(columns=["signal", "row"])
    table = table.assign(
        score=table["score"].map("{:.4g}".format), glitch=table["glitch"].map(glitch_name)
    ).rename(columns={"unusual": UNUSUAL})
    rows = table.astype(str).itertuples(index=False, name=None)
    return tuple(words(str(column)) for column in table), tuple(rows)
