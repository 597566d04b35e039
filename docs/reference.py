"""Write the reference tables of these pages from the registries and their docstrings.

    python docs/reference.py

rewrites what stands between the marks ``<!-- reference: NAME -->`` and ``<!-- end -->`` in
docs/glitches.md, docs/models.md and docs/signals.md. A test checks that the tables are up to date.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from glitches import GLITCHES
from influence.signals import FAMILIES, SIGNALS
from models import MODELS

DOCS = Path(__file__).parent
DATA = {
    frozenset({"image", "tabular"}): "all",
    frozenset({"image"}): "images",
    frozenset({"tabular"}): "tables",
}
BLOCK = re.compile(r"(<!-- reference: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def signals() -> str:
    """One table per family: name, score and source of each signal."""
    parts = []
    for family, names in FAMILIES.items():
        rows = []
        for name in names:
            signal = SIGNALS[name]
            score, source = _description(signal.score)
            rows.append((f"`{name}`", score, "yes" if signal.per_epoch else "", source))
        parts.append(f"### {family}\n\n" + _table(("name", "score", "every epoch", "source"), rows))
    return "\n".join(parts)


def models() -> str:
    """Name, data and architecture of each model."""
    rows = [
        (
            f"`{name}`",
            MODELS.title(name),
            DATA[MODELS[name].modalities],
            _description(MODELS.module(name))[0],
        )
        for name in MODELS
    ]
    return _table(("name", "title", "data", "architecture and training"), rows)


def glitches() -> str:
    """Name, kind, data and description of each glitch."""
    rows = []
    for name in GLITCHES:
        glitch = GLITCHES[name]
        kind = glitch.kind.replace("_", " ")
        what, _ = _description(glitch)
        rows.append((f"`{name}`", GLITCHES.title(name), kind, DATA[glitch.modalities], what))
    return _table(("name", "title", "kind", "data", "what it does"), rows)


TABLES: dict[str, Callable[[], str]] = {"glitches": glitches, "models": models, "signals": signals}


def rewritten(text: str) -> str:
    """The page with its tables made anew."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n{found[4]}", text)


def _description(thing: object) -> tuple[str, str]:
    """First paragraph of the docstring, and what follows ``Source:``, each on one line."""
    paragraphs = [" ".join(p.split()) for p in (inspect.getdoc(thing) or "").split("\n\n")]
    sources = [p.removeprefix("Source: ") for p in paragraphs if p.startswith("Source: ")]
    return paragraphs[0].removesuffix("."), "".join(sources).removesuffix(".")


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    cells = [[cell.replace("|", r"\|").replace("``", "`") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def main() -> None:
    """Rewrite every page that has a reference table."""
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if rewritten(text) != text:
            page.write_text(rewritten(text), encoding="utf-8")
            sys.stdout.write(f"{page.name} rewritten\n")


if __name__ == "__main__":
    main()
