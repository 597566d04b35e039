"""Grids: small TOML files that list cells, each a product of values, and their trials."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import product
from math import prod
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model

from common.errors import UserError, unknown_name
from experiments.datasets.lookup import NoDataError
from experiments.trial.resolve import resolve
from experiments.trial.spec import TrialSpec

GRIDS = Path(__file__).parent / "grids"
MAX_TRIALS = 20_000
MAX_FILES = 50
MAX_DEPTH = 8
MAX_BYTES = 2**18
_STRICT = ConfigDict(extra="forbid", strict=True)
_CELL = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, str_max_length=1000)
_SHOWN = 20
_LONGEST = 80


@dataclass(frozen=True)
class Unavailable:
    """A trial whose data were not found.

    Attributes:
        request: its fields, as the grid file gives them.
        message: what is missing and where it was looked for.
    """

    request: Mapping[str, Any]
    message: str


@dataclass(frozen=True)
class Grid:
    """A named list of trials.

    Attributes:
        name: of its file.
        title: a few words.
        description: what it is for and what to expect.
        specs: its trials, each once, in the order of the file.
        unavailable: trials on data of the user that were not found.
    """

    name: str
    title: str
    description: str
    specs: tuple[TrialSpec, ...]
    unavailable: tuple[Unavailable, ...] = ()


class _File(BaseModel):
    """A grid file; its cells are checked one by one."""

    model_config = _STRICT

    title: str = ""
    description: str = ""
    include: list[str] = Field(default=[], max_length=MAX_FILES)
    cells: list[dict[str, Any]] = Field(default=[], max_length=1000)


def grid_names() -> tuple[str, ...]:
    """The grids that come with the project."""
    return tuple(sorted(path.stem for path in GRIDS.glob("*.toml")))


def load_grid(grid: str, data_root: Path | None) -> Grid:
    """The grid of that name, or of the TOML file at that path.

    A cell gives a value or a list of values for fields of
    :class:`~experiments.trial.spec.TrialSpec`. ``include`` adds the cells of other grids; a trial
    that several cells share is run once. Relative paths of the user's data are looked up in the
    working directory and in ``data_root``.

    Raises ``UserError`` with a line for each error of a file, and where a limit is exceeded: 20,000
    trials, 50 files, 8 levels of ``include``, 256 KiB for a file.
    """
    path = _located(grid)
    files = _files(path, ())
    cells = [cell for file in files.values() for cell in file.cells]
    trials = sum(prod(map(len, cell.values())) for cell in cells)
    if trials > MAX_TRIALS:
        raise UserError(f"{path.name}: must have at most {MAX_TRIALS:,} trials, got {trials:,}")
    specs: dict[TrialSpec, None] = {}
    unavailable = []
    for where, request in _requests(files):
        try:
            specs[resolve(request, data_root)] = None
        except NoDataError as error:
            unavailable.append(Unavailable(request, str(error)))
        except UserError as error:
            raise UserError(f"{where}: {error}") from error
    title, text = files[path].title or path.stem, files[path].description.strip()
    return Grid(path.stem, title, text, tuple(specs), tuple(unavailable))


def only(grid: Grid, conditions: Mapping[str, Sequence[str]]) -> Grid:
    """The trials that meet all conditions; each field must have one of the given values.

    Raises ``UserError`` where a field is unknown or no trial has the value.
    """
    known = {f.name for f in fields(TrialSpec)}
    specs, unavailable = list(grid.specs), list(grid.unavailable)
    for name, wanted in conditions.items():
        if name not in known:
            raise unknown_name("trial field", name, known)
        values = [getattr(spec, name) for spec in grid.specs]
        values += [u.request[name] for u in grid.unavailable if name in u.request]
        for text in wanted:
            if not any(_is(value, text) for value in values):
                there = ", ".join(sorted({str(value) for value in values}))
                raise UserError(f"no trial of the grid has {name}={text}; there are: {there}")
        specs = [spec for spec in specs if any(_is(getattr(spec, name), t) for t in wanted)]
        unavailable = [
            u
            for u in unavailable
            if name not in u.request or any(_is(u.request[name], t) for t in wanted)
        ]
    if not specs and not unavailable:
        raise UserError("no trial of the grid meets all conditions of --only together")
    return replace(grid, specs=tuple(specs), unavailable=tuple(unavailable))


def _is(value: object, text: str) -> bool:
    if str(value) == text:
        return True
    try:
        return isinstance(value, (int, float)) and float(text) == value
    except ValueError:
        return False


def _located(grid: str, folder: Path | None = None) -> Path:
    """The file of a grid; a path is relative to ``folder``, or to the working directory."""
    if grid.endswith(".toml"):
        path = Path(grid).expanduser() if folder is None else folder / grid
        try:
            if path.is_file():
                return path.resolve()
        except (OSError, ValueError) as error:
            raise UserError(f"grid file {_short(grid)} cannot be read: {error}") from error
        raise UserError(f"there is no grid file {_short(grid)} in {path.absolute().parent}")
    if grid not in grid_names():
        raise unknown_name("grid", grid[:_LONGEST], grid_names())
    return GRIDS / f"{grid}.toml"


def _files(path: Path, within: tuple[Path, ...]) -> dict[Path, _File]:
    """The grid file and those that it includes, each once, included ones first."""
    if path in within:
        chain = " > ".join(p.stem for p in (*within, path))
        raise UserError(f"{path.name} includes itself: {chain}")
    if len(within) == MAX_DEPTH:
        raise UserError(f"{path.name}: include must be at most {MAX_DEPTH} levels deep")
    file = _read(path)
    found: dict[Path, _File] = {}
    for included in file.include:
        inner = _located(included, path.parent)
        if inner not in found:
            found |= _files(inner, (*within, path))
        if len(found) >= MAX_FILES:
            raise UserError(f"{path.name}: must include at most {MAX_FILES} files")
    return {**found, path: file}


def _read(path: Path) -> _File:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path.name}: must be at most {MAX_BYTES // 1024} KiB large")
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{path.name}: not a TOML file: {_short(str(error))}") from error
    except OSError as error:
        raise UserError(f"{path.name}: cannot be read: {error.strerror}") from error
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        raise UserError(
            "\n".join(_lines(path.name, error, content, tuple(_File.model_fields)))
        ) from None
    if not file.include and not file.cells:
        raise UserError(f"{path.name}: no cells; write [[cells]] with dataset, model and glitch")
    lines: list[str] = []
    for number, cell in enumerate(file.cells, start=1):
        try:
            file.cells[number - 1] = (
                _cell_schema().model_validate(cell).model_dump(exclude_unset=True)
            )
        except ValidationError as error:
            known = tuple(_cell_schema().model_fields)
            lines += _lines(f"{path.name}, cell {number}", error, cell, known)
    if lines:
        more = [f"and {len(lines) - _SHOWN} more errors"] if len(lines) > _SHOWN else []
        raise UserError("\n".join(lines[:_SHOWN] + more))
    return file


@cache
def _cell_schema() -> type[BaseModel]:
    """A list of values for each field of a trial; a single value is a list of one."""
    listed = BeforeValidator(lambda value: value if isinstance(value, list) else [value])
    types: dict[str, Any] = {}
    for name, hint in get_type_hints(TrialSpec).items():
        kind = next((a for a in get_args(hint) if a is not type(None)), hint)
        # mypy takes the variable in list[kind] for a type alias
        types[name] = (Annotated[list[kind], listed, Field(min_length=1)], None)  # type: ignore[valid-type]
    return create_model("Cell", __config__=_CELL, **types)


def _lines(
    where: str, error: ValidationError, content: Mapping[str, Any], known: Sequence[str]
) -> Iterator[str]:
    """One line for each error of a file or cell with that content."""
    for problem in error.errors(include_url=False):
        name, *place = (str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            yield f"{where}: {unknown_name('key', name[:_LONGEST], known)}"
            continue
        listed = place and isinstance(content[name], list)
        number = f" (value {int(place[0]) + 1})" if listed else ""
        text = problem["msg"].replace("Input should be", "must be")
        yield f"{where}: {name}{number} {text}, got {_short(repr(problem['input']))}"


def _requests(files: Mapping[Path, _File]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The fields of each trial, and where they stand."""
    for path, file in files.items():
        for number, cell in enumerate(file.cells, start=1):
            for values in product(*cell.values()):
                yield f"{path.name}, cell {number}", dict(zip(cell, values, strict=True))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
