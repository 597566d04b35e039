"""How far a long step is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Is told the name of a long step, how much of it is done, and of how much."""


def silent(step: str, done: int, total: int) -> None:
    """Progress that nobody sees."""
