"""Grids: small TOML files that list cells, each a product of values, and their trials."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import product
from pathlib import Path
from typing import Any

from common.errors import UserError, unknown_name
from experiments.trial.resolve import resolve
from experiments.trial.spec import TrialSpec

GRIDS = Path(__file__).parent / "grids"
_KEYS = ("title", "description", "include", "cells")


@dataclass(frozen=True)
class Grid:
    """A named list of trials.

    Attributes:
        name: of its file.
        title: a few words.
        description: what it is for and what to expect.
        specs: its trials, each once, in the order of the file.
    """

    name: str
    title: str
    description: str
    specs: tuple[TrialSpec, ...]


def grid_names() -> tuple[str, ...]:
    """The grids that come with the project."""
    return tuple(sorted(path.stem for path in GRIDS.glob("*.toml")))


def load_grid(grid: str, data_root: Path | None) -> Grid:
    """The grid of that name, or of the TOML file at that path.

    ``include`` takes the cells of other grids; cells that several share are run once. A cell gives
    a value or a list of values for fields of :class:`~experiments.trial.spec.TrialSpec`.
    Relative paths of the user's data are looked up in ``data_root`` too.

    Raises ``UserError`` naming the file and, for a cell, its number: unknown keys, impossible
    combinations, unknown grids.
    """
    path = _located(grid)
    specs = dict.fromkeys(_specs(path, (), data_root))
    content = _read(path)
    return Grid(
        path.stem,
        str(content.get("title", path.stem)),
        str(content.get("description", "")).strip(),
        tuple(specs),
    )


def only(specs: Sequence[TrialSpec], conditions: Mapping[str, Sequence[str]]) -> list[TrialSpec]:
    """The trials that meet all conditions; of one field any of several values will do.

    Raises ``UserError`` where a field is unknown or no trial has the value.
    """
    known = {f.name for f in fields(TrialSpec)}
    kept = list(specs)
    for field, wanted in conditions.items():
        if field not in known:
            raise unknown_name("trial field", field, known)
        for value in wanted:
            if not any(_is(spec, field, value) for spec in specs):
                there = sorted({str(getattr(spec, field)) for spec in specs})
                raise UserError(
                    f"no trial of the grid has {field}={value}; there are: {', '.join(there)}"
                )
        kept = [spec for spec in kept if any(_is(spec, field, value) for value in wanted)]
    if not kept:
        raise UserError("no trial of the grid meets all conditions of --only together")
    return kept


def _is(spec: TrialSpec, field: str, text: str) -> bool:
    value = getattr(spec, field)
    if str(value) == text:
        return True
    try:
        return isinstance(value, (int, float)) and float(text) == value
    except ValueError:
        return False


def _located(grid: str, beside: Path | None = None) -> Path:
    if grid.endswith(".toml"):
        path = Path(grid).expanduser() if beside is None else beside / grid
        if not path.is_file():
            raise UserError(f"grid file {grid!r} is not there; looked in {path.absolute().parent}")
        return path.absolute()
    if grid not in grid_names():
        raise unknown_name("grid", grid, grid_names())
    return GRIDS / f"{grid}.toml"


def _read(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name}: not a TOML file: {error}") from error
    for key in content:
        if key not in _KEYS:
            raise UserError(f"{path.name}: {unknown_name('key', key, _KEYS)}")
    for key, kind in (("include", list), ("cells", list)):
        if not isinstance(content.get(key, []), kind):
            raise UserError(f"{path.name}: {key} must be a list, however: {content[key]!r}")
    if not content.get("include") and not content.get("cells"):
        raise UserError(f"{path.name}: no cells; write [[cells]] with dataset, model and glitch")
    return content


def _specs(path: Path, within: tuple[Path, ...], data_root: Path | None) -> Iterator[TrialSpec]:
    if path in within:
        raise UserError(f"{path.name} includes itself: {' > '.join(p.stem for p in within)}")
    content = _read(path)
    for included in content.get("include", []):
        yield from _specs(_located(str(included), path.parent), (*within, path), data_root)
    for number, cell in enumerate(content.get("cells", []), start=1):
        try:
            yield from _expanded(cell, data_root)
        except UserError as error:
            raise UserError(f"{path.name}, cell {number}: {error}") from error


def _expanded(cell: object, data_root: Path | None) -> Iterator[TrialSpec]:
    if not isinstance(cell, dict):
        raise UserError(f"a cell must be a table of fields, however: {cell!r}")
    values = {key: _listed(key, value) for key, value in cell.items()}
    for combination in product(*values.values()):
        yield resolve(dict(zip(values, combination, strict=True)), data_root)


def _listed(key: str, value: Any) -> Iterable[Any]:
    if value == []:
        raise UserError(f"{key} is an empty list")
    return value if isinstance(value, list) else [value]
