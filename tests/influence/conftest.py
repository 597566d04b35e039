"""Fixtures of the tests of influence."""

from __future__ import annotations

import pytest

from influence.engine import tiles


@pytest.fixture
def large_tiles() -> None:
    """Tiles as they are."""


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles so small that every loop over them turns more than once."""
    monkeypatch.setattr(tiles, "CPU_AREA", 64)
    monkeypatch.setattr(tiles, "WIDTH", 4)
    monkeypatch.setattr(tiles, "LEAST_WIDTH", 3)
    monkeypatch.setattr(tiles, "LEAST_ROWS", 8)
