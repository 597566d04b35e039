"""Pictures inside an HTML page: figures that follow its colours, contact sheets, lists of rows."""

from __future__ import annotations

import base64
import html
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import matplotlib as mpl
import pandas as pd
from jinja2 import Environment
from markupsafe import Markup
from matplotlib.figure import Figure

from analysis.paper.layouts import Layout
from analysis.plotting.drawing import preferred, settle, style
from analysis.plotting.run_figures import examples
from analysis.reading.selection import Selection
from analysis.reading.stored import load_scores
from analysis.rendering.text import glitch_words, words
from experiments import schema
from glitches.contaminated import ERROR_COLUMNS
from influence.signals.display import look

LARGEST_SVG: Final = 500_000
LISTED: Final = 10
UNUSUAL: Final = "most unusual features (deviations from the median of its label)"
_ROWS: Final = Environment(autoescape=True).from_string(
    """<div class="scroll"><table>
<thead><tr>{% for name in columns %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in rows %}
<tr>{% for value in row %}<td>{{ value }}</td>{% endfor %}</tr>{% endfor %}
</tbody></table></div>"""
)


@dataclass(frozen=True)
class Sheet:
    """The most suspicious samples of one trial by one signal."""

    signal: str
    caption: str
    picture: Markup


@dataclass(frozen=True)
class Suspects:
    """The sheets of one trial."""

    title: str
    sheets: list[Sheet]

    @property
    def size(self) -> int:
        """Characters it adds to a page."""
        return sum(len(sheet.picture) for sheet in self.sheets)


def inline(figure: Figure, alternative: str) -> Markup:
    """A figure as SVG in the colours of the page, or as PNG where that would be too large."""
    drawn = io.StringIO()
    with style(), mpl.rc_context({"svg.fonttype": "none"}):
        settle(figure)
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    text = _rounded(drawn.getvalue()[drawn.getvalue().index("<svg") :])
    if len(text) > LARGEST_SVG:
        return _png(figure, alternative)
    text = re.sub("#000000|#262626", "currentColor", text).replace("#d9d9d9", "var(--line)")
    label = f'<svg role="img" aria-label="{html.escape(alternative)}"'
    return Markup(text.replace("<svg", label, 1))  # noqa: S704 - matplotlib escapes its texts


_COORDINATES: Final = re.compile(r' (?:d|x|y|points|transform)="[^"]*"')


def _rounded(svg: str) -> str:
    """A drawing with its coordinates to a hundredth of a point: half the size, the same picture."""
    return _COORDINATES.sub(lambda found: re.sub(r"(\.\d\d)\d+", r"\1", found[0]), svg)


def _png(figure: Figure, alternative: str) -> Markup:
    drawn = io.BytesIO()
    with style():
        figure.savefig(drawn, format="png", dpi=110)
    return _image(drawn.getvalue(), alternative)


def _image(content: bytes, alternative: str) -> Markup:
    encoded = base64.b64encode(content).decode()
    return Markup('<img alt="{}" src="data:image/png;base64,{}">').format(alternative, encoded)


def suspects(runs: Selection, layout: Layout) -> list[Suspects]:
    """Of each dataset, model and glitch the first seed's most suspicious samples."""
    found = []
    for title, run_id, scores in examples(
        runs.frames, layout, lambda run_id: load_scores(runs.store, run_id)
    ):
        logged = [c for c in scores.columns if c not in ERROR_COLUMNS]
        signals = preferred(logged, layout.signals)
        folder = runs.store.artifact(run_id, schema.SUSPECTS_FOLDER)
        if folder is None:
            continue
        listed = folder / schema.SUSPECTS_TABLE
        if listed.exists():
            rows = pd.read_csv(listed)
            sheets = [_rows(rows, signal, scores) for signal in signals]
        else:
            sheets = [
                _sheet(folder / f"{signal}.png", signal, scores)
                for signal in signals
                if (folder / f"{signal}.png").exists()
            ]
        found.append(Suspects(title.replace("\n", ", "), sheets))
    return found


def _sheet(path: Path, signal: str, scores: pd.DataFrame) -> Sheet:
    """A stored contact sheet."""
    short = look(signal).short
    picture = _image(path.read_bytes(), f"contact sheet of the most suspicious samples by {short}")
    return Sheet(short, _share(scores, signal), picture)


def _rows(listed: pd.DataFrame, signal: str, scores: pd.DataFrame) -> Sheet:
    """A stored list of rows with their most unusual features."""
    table = listed[listed["signal"] == signal].head(LISTED).drop(columns=["signal", "row"])
    table = table.assign(
        score=table["score"].map("{:.4g}".format), glitch=table["glitch"].map(glitch_words)
    ).rename(columns={"unusual": UNUSUAL})
    columns = [words(str(column)) for column in table.columns]
    picture = _ROWS.render(columns=columns, rows=table.astype(str).to_numpy().tolist())
    return Sheet(look(signal).short, _share(scores, signal), Markup(picture))  # noqa: S704 - escaped


def _share(scores: pd.DataFrame, signal: str) -> str:
    count = int(scores["is_glitch"].sum())
    hits = int(scores.nlargest(count, signal)["is_glitch"].sum())
    return f"of the {count} most suspicious samples {hits} are glitches"
