"""The reference table in the docs is the one that the code gives."""

from pathlib import Path

from glitches.reference import table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "glitches.md"


def test_the_page_holds_the_current_table() -> None:
    assert table() in PAGE.read_text(), "put the output of `python -m glitches.reference` there"
