"""Command lines derived from dataclasses: a field is an option, its ``help`` metadata the text."""

from __future__ import annotations

import argparse
import sys
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, TypeVar

from common.errors import UserError

BAD_INPUT = 2
INTERRUPTED = 130

T = TypeVar("T")
_BOOLEAN = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def parse(cls: type[T], program: str, description: str, argv: Sequence[str] | None = None) -> T:
    """An instance of the dataclass from the command line.

    A field without default is required; a flag takes an optional ``true`` or ``false``; a tuple
    may be given several times. An empty value stands for the default, so that a caller that always
    passes every option (an MLflow project) can leave one out.

    >>> from dataclasses import dataclass, field
    >>> @dataclass(frozen=True)
    ... class Options:
    ...     name: str = field(metadata={"help": "who"})
    ...     times: int = field(default=1, metadata={"help": "how often"})
    ...     loud: bool = field(default=False, metadata={"help": "shout"})
    >>> parse(Options, "greet", "Say hello.", ["--name", "Ada", "--times", "", "--loud"])
    Options(name='Ada', times=1, loud=True)
    """
    parser = _Parser(prog=program, description=description, allow_abbrev=False)
    hints = typing.get_type_hints(cls)
    known = fields(cls)  # type: ignore[arg-type]  # T is a dataclass
    for f in known:
        _add(parser, f, hints[f.name])
    values = vars(parser.parse_args(argv))
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(item for item in value if item is not None)
    given = {name: value for name, value in values.items() if value not in (None, ())}
    missing = [f.name for f in known if _is_required(f) and f.name not in given]
    if missing:
        raise UserError(f"missing: {', '.join(map(_flag, missing))} (see --help)")
    return cls(**given)


def run(main: Callable[[], int]) -> int:
    """The exit status of a command; what the user can mend is one line and status 2."""
    try:
        return main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> typing.NoReturn:
        raise UserError(f"{message} (see --help)")


def _add(parser: argparse.ArgumentParser, f: Field[Any], hint: Any) -> None:
    kind, several = _kind(hint)
    text = f.metadata.get("help", "").replace("%", "%%")
    if f.default not in (MISSING, None, False, ()):
        text += f" (default: {f.default})"
    convert = _or_none(_boolean if kind is bool else kind)
    extra: dict[str, Any] = {"default": None, "type": convert, "help": text}
    if kind is bool:
        extra |= {"nargs": "?", "const": True, "metavar": "true|false"}
    else:
        extra["metavar"] = f.metadata.get("metavar", kind.__name__.upper())
    if several:
        extra["action"] = "append"
        extra["default"] = []
    parser.add_argument(_flag(f.name), dest=f.name, **extra)


def _kind(hint: Any) -> tuple[type, bool]:
    """The type of one value, and whether there may be several."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        hint = next(a for a in typing.get_args(hint) if a is not type(None))
    if typing.get_origin(hint) is tuple:
        return typing.get_args(hint)[0], True
    if hint not in (str, int, float, bool, Path):
        raise TypeError(f"no command-line form for fields of type {hint}")
    return hint, False


def _or_none(convert: Callable[[str], Any]) -> Callable[[str], Any]:
    def converted(text: str) -> Any:
        return None if text == "" else convert(text)

    converted.__name__ = convert.__name__.lstrip("_")  # argparse names it in its message
    return converted


def _boolean(text: str) -> bool:
    return _BOOLEAN[text.lower()] if text.lower() in _BOOLEAN else _refuse(text)


def _refuse(text: str) -> typing.NoReturn:
    raise ValueError(text)


def _is_required(f: Field[Any]) -> bool:
    return f.default is MISSING and f.default_factory is MISSING


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
