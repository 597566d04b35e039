"""The names that options list are those of what there is."""

from __future__ import annotations

from analysis import choices
from analysis.paper.figures import FROM_METRICS, FROM_SCORES
from analysis.paper.tables import MAKERS
from analysis.rendering.formats import FORMATS


def test_each_name_stands_for_something() -> None:
    assert tuple(MAKERS) == choices.TABLES
    assert tuple(FROM_METRICS) == choices.FROM_METRICS
    assert tuple(FROM_SCORES) == choices.FROM_SCORES
    assert tuple(FORMATS) == choices.TABLE_FORMATS
