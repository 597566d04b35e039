"""Pictures inside an HTML page: figures in the colours of the page, and PNG files."""

from __future__ import annotations

import base64
import html
import io
import re
from typing import Final

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

from analysis.plotting.drawing import settle, style

LARGEST_SVG: Final = 500_000
_COORDINATES: Final = re.compile(r' (?:d|x|y|points|transform)="[^"]*"')


def inline_figure(figure: Figure, alternative: str) -> Markup:
    """A figure as SVG in the colours of the page, or as PNG where the SVG would be too large."""
    drawn = io.StringIO()
    with style(), mpl.rc_context({"svg.fonttype": "none"}):
        settle(figure)
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    text = _rounded(drawn.getvalue()[drawn.getvalue().index("<svg") :])
    if len(text) > LARGEST_SVG:
        png = io.BytesIO()
        with style():
            figure.savefig(png, format="png", dpi=110)
        return inline_png(png.getvalue(), alternative)
    text = re.sub("#000000|#262626", "currentColor", text).replace("#d9d9d9", "var(--line)")
    label = f'<svg role="img" aria-label="{html.escape(alternative)}"'
    return Markup(text.replace("<svg", label, 1))  # noqa: S704 - matplotlib escapes its texts


def inline_png(content: bytes, alternative: str) -> Markup:
    """A PNG file as an image that needs no other file."""
    encoded = base64.b64encode(content).decode()
    return Markup('<img alt="{}" src="data:image/png;base64,{}">').format(alternative, encoded)


def _rounded(svg: str) -> str:
    """The drawing with coordinates rounded to a hundredth of a point, which halves its size."""
    return _COORDINATES.sub(lambda found: re.sub(r"(\.\d\d)\d+", r"\1", found[0]), svg)
