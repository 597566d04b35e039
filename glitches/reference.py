"""The reference table of ``docs/glitches.md``: ``python -m glitches.reference`` prints it."""

from __future__ import annotations

from inspect import getdoc

from glitches import GLITCHES

_HEADER = "| name | title | kind | data | what it does |\n| --- | --- | --- | --- | --- |"
_DATA = {
    frozenset({"image", "tabular"}): "all",
    frozenset({"image"}): "images",
    frozenset({"tabular"}): "tables",
}


def table() -> str:
    """One line per registered glitch, in Markdown, from its class and the docstring of that."""
    return "\n".join([_HEADER, *map(_row, GLITCHES)])


def _row(name: str) -> str:
    glitch = GLITCHES[name]
    paragraph, _, _ = (getdoc(glitch) or "").partition("\n\n")
    what = " ".join(paragraph.replace("``", "`").split()).rstrip(".")
    kind = glitch.kind.replace("_", " ")
    return f"| `{name}` | {GLITCHES.title(name)} | {kind} | {_DATA[glitch.modalities]} | {what} |"


if __name__ == "__main__":
    print(table())
