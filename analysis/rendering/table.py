"""A table, independent of the format in which it is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import Literal

import pandas as pd

from analysis.rendering.text import DIGITS, count, display_name, spread, words
from analysis.stats.glitch_groups import in_order


@dataclass(frozen=True)
class Cell:
    """The text of a cell, whether it is the best of its row, and a remark."""

    text: str = ""
    best: bool = False
    remark: str = ""


@dataclass(frozen=True)
class Row:
    """A row: its keys, of which the last includes the row's remark, and one cell per column."""

    keys: tuple[str, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """Means with standard deviations, by row keys and columns.

    Attributes:
        name: file stem.
        title: a few words.
        note: how to read it.
        keys: names of the row keys, outermost first.
        columns: the values of ``data["column"]``, in order, with their headings.
        data: tidy, one row per cell: the keys, ``column``, ``mean``, ``sd``, ``seeds`` (behind the
            mean), ``cells`` (averaged over).
        sections: how many of the leading keys may head a section instead of each row.
        gaps: trials without a result by row keys, with columns ``failed`` and ``running``.
        best: which means of a row are marked.
        unit: what the standard deviation is taken over.
        averaged: what else a mean is taken over, such as ``dataset``.
    """

    name: str
    title: str
    note: str
    keys: Sequence[str]
    columns: dict[str, str]
    data: pd.DataFrame
    sections: int = 0
    gaps: pd.DataFrame = field(default_factory=pd.DataFrame)
    best: Literal["highest", "lowest"] | None = "highest"
    unit: str = "seeds"
    averaged: str = ""

    @property
    def headings(self) -> list[str]:
        """The headings of keys and columns."""
        return [*map(words, self.keys), *self.columns.values()]

    @property
    def _most(self) -> tuple[int, int]:
        """The most seeds and the most cells behind any mean; only cells with fewer say how many."""
        seeds, cells = self.data[["seeds", "cells"]].max() if len(self.data) else (0, 0)
        return int(seeds), int(cells) if self.averaged else 0

    @property
    def caption(self) -> str:
        """The note, with the number of seeds of all cells that have no remark."""
        seeds, cells = self._most
        over = f" over {count(cells, self.averaged)}" if cells > 1 else ""
        sd = f"± standard deviation over {seeds} {self.unit}" if seeds > 1 else "of a single seed"
        return f"{self.note} Mean{over} {sd} unless stated otherwise."

    @cached_property
    def rows(self) -> list[Row]:
        """The rows as text, in order."""
        keys = list(self.keys)
        found: dict[tuple[object, ...], dict[str, Cell]] = {}
        most_seeds, most_cells = self._most
        for record in self.marked().to_dict("records"):
            remarks = [f"n={record['seeds']}"] * (record["seeds"] < most_seeds)
            remarks += [count(record["cells"], self.averaged)] * (record["cells"] < most_cells)
            cell = Cell(spread(record["mean"], record["sd"]), record["best"], ", ".join(remarks))
            found.setdefault(tuple(record[k] for k in keys), {})[record["column"]] = cell
        gaps = {
            tuple(record[k] for k in keys): ", ".join(
                f"{record[state]} {state}" for state in ("failed", "running") if record[state]
            )
            for record in self.gaps.to_dict("records")
        }
        index = pd.DataFrame([*dict.fromkeys([*found, *gaps])], columns=keys)
        return [
            _row(
                tuple(map(display_name, keys, key)),
                [found.get(key, {}).get(column, Cell()) for column in self.columns],
                gaps.get(key, ""),
            )
            for key in in_order(index, keys).itertuples(index=False, name=None)
        ]

    def by_section(self, most: int | None = None) -> Iterator[tuple[tuple[str, ...], list[Row]]]:
        """The first ``most`` rows by section: the keys of the section, and its rows, each without
        those and without the keys that the row above repeats."""
        split = self.sections
        for section, members in groupby(self.rows[:most], lambda row: row.keys[:split]):
            rows: list[Row] = []
            before: Sequence[str] = ()
            for row in members:
                keys = row.keys[split:]
                rows.append(replace(row, keys=_without_repeats(keys, before)))
                before = keys
            yield section, rows

    def marked(self) -> pd.DataFrame:
        """``data`` with a column ``best``: whether a mean, as printed, is the best of its row, in
        a row whose means are not all equal."""
        if self.best is None or self.data.empty:
            return self.data.assign(best=False)
        shown = self.data["mean"].round(DIGITS)
        grouped = shown.groupby([self.data[key] for key in self.keys], dropna=False)
        extreme = grouped.transform("max" if self.best == "highest" else "min")
        return self.data.assign(best=(shown == extreme) & (grouped.transform("nunique") > 1))


def with_remark(text: str, remark: str) -> str:
    """A text with a remark in parentheses, if there is one."""
    return f"{text} ({remark})" if remark else text


def _row(keys: tuple[str, ...], cells: Sequence[Cell], gap: str) -> Row:
    """A row; a remark that all of its cells share is written once, after the keys."""
    shared = {cell.remark for cell in cells if cell.text}
    remarks = [gap]
    if len(shared) == 1:
        remarks = [*shared, gap]
        cells = [replace(cell, remark="") for cell in cells]
    remark = ", ".join(remark for remark in remarks if remark)
    return Row((*keys[:-1], with_remark(keys[-1], remark)), tuple(cells))


def _without_repeats(keys: Sequence[str], before: Sequence[str]) -> tuple[str, ...]:
    """Keys with those blanked that the row above has said; the last is always said.

    >>> _without_repeats(["a", "b", "c"], ["a", "b", "x"])
    ('', '', 'c')
    >>> _without_repeats(["a", "b", "c"], ["z", "b", "c"])
    ('a', 'b', 'c')
    """
    said = 0
    while said < min(len(keys) - 1, len(before)) and keys[said] == before[said]:
        said += 1
    return ("",) * said + tuple(keys[said:])
