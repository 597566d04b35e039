"""The reference tables of the docs are those of the registries."""

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["glitches.md", "models.md", "signals.md"])
def test_tables_are_up_to_date(page: str) -> None:
    """If not, run ``python docs/reference.py``."""
    reference = runpy.run_path(str(DOCS / "reference.py"))
    text = (DOCS / page).read_text(encoding="utf-8")
    assert "<!-- reference: " in text
    assert reference["rewritten"](text) == text
