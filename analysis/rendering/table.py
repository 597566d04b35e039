"""A table before it is rendered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import pandas as pd

from analysis.rendering.text import DIGITS, glitch_words, percent, plain, spread
from analysis.stats.summary import in_order
from influence.signals.display import look

Best = Literal["highest", "lowest"] | None


@dataclass(frozen=True)
class Cell:
    """One cell: its text, whether it is the best of its row, and what a reader must know of it."""

    text: str = ""
    best: bool = False
    remark: str = ""


@dataclass(frozen=True)
class Row:
    """One row: its keys, one cell a column, and what holds for all of it."""

    keys: tuple[str, ...]
    cells: tuple[Cell, ...]
    remark: str = ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)


def _row(keys: tuple[str, ...], cells: Sequence[Cell], gap: str) -> Row:
    """A row; a remark that all of its cells share becomes one of the row."""
    shared = {cell.remark for cell in cells if cell.text}
    if len(shared) != 1:
        return Row(keys, tuple(cells), gap)
    remarks = [remark for remark in (*shared, gap) if remark]
    return Row(keys, tuple(replace(cell, remark="") for cell in cells), ", ".join(remarks))


def key_text(key: str, value: object) -> str:
    """The value of a row key in print.

    >>> key_text("ratio", 0.1), key_text("signal", "self_influence"), key_text("model", "my_mlp")
    ('10%', 'SI', 'my_mlp')
    """
    if key == "ratio" and isinstance(value, float):
        return percent(value)
    if key == "glitch" and isinstance(value, str):
        return glitch_words(value)
    return look(value).short if key == "signal" and isinstance(value, str) else plain(value)


@dataclass(frozen=True)
class Table:
    """Cells by row keys and columns.

    Attributes:
        name: file stem.
        title: a few words.
        note: how to read it.
        keys: names of the row keys, outermost first.
        columns: what stands in ``data["column"]``, in order, with the heading of each.
        data: tidy, one row a cell: the keys, ``column``, ``mean``, ``sd``, ``seeds`` (those that
            the mean rests on), ``cells`` (averaged over).
        sections: how many of the leading keys may head a section instead of each row.
        gaps: trials without a result by row keys, with columns ``failed`` and ``running``.
        best: which end of the means of a row is marked.
        digits: after the point.
        unit: what the deviation is over.
        averaged: what a mean is taken over beside the unit, such as ``dataset``.
        signals_across: whether the columns are signals.
    """

    name: str
    title: str
    note: str
    keys: Sequence[str]
    columns: dict[str, str]
    data: pd.DataFrame
    sections: int = 0
    gaps: pd.DataFrame = field(default_factory=pd.DataFrame)
    best: Best = "highest"
    digits: int = DIGITS
    unit: str = "seeds"
    averaged: str = ""
    signals_across: bool = False

    @cached_property
    def usual_seeds(self) -> int:
        """The most seeds behind any cell; cells with fewer say so."""
        return int(self.data["seeds"].max()) if len(self.data) else 0

    @cached_property
    def usual_cells(self) -> int:
        """The most settings behind any mean; means over fewer say so."""
        return int(self.data["cells"].max()) if self.averaged and len(self.data) else 0

    @property
    def caption(self) -> str:
        """The note, and the number of seeds that holds where nothing else is said."""
        seeds = self.usual_seeds
        over = f" over {_count(self.usual_cells, self.averaged)}" if self.usual_cells > 1 else ""
        spread_over = f"± standard deviation over {seeds} {self.unit}"
        usual = spread_over if seeds > 1 else "of a single seed"
        return f"{self.note} Mean{over} {usual} unless said otherwise."

    @cached_property
    def rows(self) -> list[Row]:
        """The rows as text, in order."""
        keys = list(self.keys)
        data = self.marked()
        found: dict[tuple[object, ...], dict[str, Cell]] = {}
        for key, column, mean, sd, seeds, cells, best in zip(
            data[keys].itertuples(index=False, name=None),
            *(data[c] for c in ("column", "mean", "sd", "seeds", "cells", "best")),
            strict=True,
        ):
            remarks = [f"n={seeds}"] * (seeds < self.usual_seeds)
            remarks += [_count(cells, self.averaged)] * (cells < self.usual_cells)
            text = spread(mean, sd, self.digits)
            found.setdefault(key, {})[column] = Cell(text, best, ", ".join(remarks))
        gaps: dict[tuple[object, ...], str] = {}
        for record in self.gaps.to_dict("records"):
            counts = ((record[state], state) for state in ("failed", "running"))
            key = tuple(record[k] for k in keys)
            gaps[key] = ", ".join(f"{count} {state}" for count, state in counts if count)
        index = pd.DataFrame([*dict.fromkeys([*found, *gaps])], columns=keys)
        return [
            _row(
                tuple(map(key_text, keys, key)),
                [found.get(key, {}).get(column, Cell()) for column in self.columns],
                gaps.get(key, ""),
            )
            for key in in_order(index, keys).itertuples(index=False, name=None)
        ]

    def marked(self) -> pd.DataFrame:
        """``data`` with a column ``best``: whether a mean, as printed, is the best of its row and
        not that of every column."""
        if "best" in self.data:
            return self.data
        if self.best is None or self.data.empty:
            return self.data.assign(best=False)
        shown = self.data["mean"].round(self.digits)
        grouped = shown.groupby([self.data[key] for key in self.keys], dropna=False)
        extreme = grouped.transform("max" if self.best == "highest" else "min")
        return self.data.assign(best=(shown == extreme) & (grouped.transform("nunique") > 1))

    def transposed(self) -> Table:
        """The same cells with signals down and the keys below the sections across."""
        inner = self.keys[self.sections :]
        outer = list(self.keys[: self.sections])
        data = self.marked()
        across = data[inner].apply(
            lambda row: " ".join(key_text(k, v) for k, v in row.items() if v != ""), axis=1
        )
        order = in_order(data.assign(across=across), inner)["across"].unique()
        return replace(
            self,
            keys=[*outer, "signal"],
            columns={heading: heading for heading in order},
            data=data.rename(columns={"column": "signal"}).assign(column=across),
            gaps=pd.DataFrame(),
        )
