"""Command lines derived from dataclasses: every field is an option with a help text."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
import tempfile
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, field, fields
from functools import cache
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TypeVar

from common.errors import MachineError, UserError

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130

T = TypeVar("T")
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
_BOOLEAN = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_LONGEST = 4096
"""Characters of a value; also the longest path that Linux takes."""
_LONGEST_NAME = 255
"""Bytes of one component of a path."""


def option(text: str, default: Any = None) -> Any:
    """A dataclass field that is an option with this help text."""
    return field(default=default, metadata={"help": text})


def required(text: str) -> Any:
    """A dataclass field that is an option without a default."""
    return field(metadata={"help": text})


def parse(cls: type[T], program: str, description: str, argv: Sequence[str] | None = None) -> T:
    """An instance of the dataclass from the command line.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Options:
    ...     name: str = required("who")
    ...     times: int = option("how often", 1)
    ...     loud: bool = option("shout", False)
    >>> parse(Options, "greet", "Say hello.", ["--name", "Ada", "--times", "", "--loud"])
    Options(name='Ada', times=1, loud=True)

    Raises:
        UserError: for an unknown option, a value of another type, or a missing option.
    """
    return build(cls, given(program, description, argv, cls))


def given(
    program: str, description: str, argv: Sequence[str] | None, *classes: type
) -> dict[str, Any]:
    """The options on the command line, by field name; those left out or left empty are not in it.

    A field of ``bool`` takes an optional ``true`` or ``false``, one of ``Literal`` one of its
    values; a tuple is an option that may be repeated. An empty value means the default, so that a
    caller that always passes every option (an MLflow project) can leave one out.

    Args:
        program: shown by ``--help``, as is ``description``.
        description: one sentence.
        argv: words of the command line; those of this process by default.
        classes: dataclasses whose fields are the options.

    Raises:
        UserError: for an unknown option or a value of another type.
    """
    found: dict[str, Any] = {}
    words = sys.argv[1:] if argv is None else argv
    read = _parser(program, description, classes).parse_args([*map(_with_hyphens, words)])
    for name, value in vars(read).items():
        if isinstance(value, list):
            value = tuple(item for item in value if item is not None)  # noqa: PLW2901
        if value not in (None, ()):
            found[name] = value
    return found


def build(cls: type[T], values: dict[str, Any]) -> T:
    """An instance of the dataclass; a field without default that has no value is refused."""
    missing = [
        _flag(f.name)
        for f in fields(cls)  # type: ignore[arg-type]  # T is a dataclass
        if f.default is MISSING and f.default_factory is MISSING and f.name not in values
    ]
    if missing:
        raise UserError(f"missing: {', '.join(missing)} (see --help)")
    return cls(**values)


def run(main: Callable[[], int]) -> int:
    """The exit status of a command.

    A ``UserError``, a path that is too long and a missing home directory are one line and status 2;
    a ``MachineError``, or a disk that is full or read-only, is one line and status 1.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a character that it cannot encode is escaped
            stream.reconfigure(errors="backslashreplace")
    try:
        return main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    except MachineError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except (OSError, RuntimeError) as error:
        status, message = _environment_error(error)
        print(f"error: {message}", file=sys.stderr)
        return status


def run_command(module: str, read_options: Callable[[], object] | None = None) -> int:
    """The exit status of ``main()`` of a module, whose import may fail like the command itself.

    ``read_options`` reads the command line before that import, which may take seconds: ``--help``
    and errors in the options do not wait for it.
    """

    def main() -> int:
        try:
            Path.cwd()
        except OSError as error:  # in which torch's libraries end the process while they are loaded
            raise UserError(f"the working directory cannot be used: {error.strerror}") from error
        if read_options is not None:
            read_options()
        Path.home()  # which MLflow needs; Matplotlib would warn first
        return int(importlib.import_module(module).main())

    return run(main)


def _environment_error(error: OSError | RuntimeError) -> tuple[int, str]:
    """Exit status and message for errors that any command can meet; others are raised again."""
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        return FAILED, str(error) if error.filename else f"{error.strerror}: {_where_to_look()}"
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return BAD_INPUT, f"path is too long: {str(error.filename)[:_LONGEST_NAME]!r}"
    if isinstance(error, FileNotFoundError) and "temporary directory" in str(error):  # by tempfile
        return FAILED, "no temporary directory can be written to: free some space, or set TMPDIR"
    if "home directory" in str(error):  # by pathlib, where HOME is not set and the user unknown
        return BAD_INPUT, "this user has no home directory: set HOME, or give absolute paths"
    raise error


def _where_to_look() -> str:
    try:
        temporary = f" ({tempfile.gettempdir()})"
    except OSError:
        temporary = ""
    return f"look at the disks of temporary files{temporary}, of the store and of the results"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> typing.NoReturn:
        raise UserError(f"{_printable(message)} (see --help)")


@cache
def _parser(program: str, description: str, classes: tuple[type, ...]) -> _Parser:
    parser = _Parser(prog=program, description=description, allow_abbrev=False)
    for cls in classes:
        hints = typing.get_type_hints(cls)
        for f in fields(cls):
            _add(parser, f, hints[f.name])
    return parser


def _add(parser: argparse.ArgumentParser, f: Field[Any], hint: Any) -> None:
    hint = _without_none(hint)
    several = typing.get_origin(hint) is tuple
    kind = typing.get_args(hint)[0] if several else hint
    choices = typing.get_args(kind) if typing.get_origin(kind) is typing.Literal else None
    extra: dict[str, Any] = {"type": _converter(choices or kind)}
    if choices:
        extra["metavar"] = "|".join(choices)
    elif kind is bool:
        extra |= {"nargs": "?", "const": True, "metavar": "true|false"}
    else:
        extra["metavar"] = kind.__name__.upper()
    if several:
        extra["action"] = "append"
    text = f.metadata["help"]
    if f.default not in (MISSING, None, False, ()):
        text += f" (default: {f.default})"
    parser.add_argument(_flag(f.name), dest=f.name, help=text.replace("%", "%%"), **extra)


def _without_none(hint: Any) -> Any:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return next(a for a in typing.get_args(hint) if a is not type(None))
    return hint


def _converter(kind: Any) -> Callable[[str], Any]:
    convert = (
        _one_of(kind) if isinstance(kind, tuple) else {bool: _boolean, Path: _path}.get(kind, kind)
    )

    def converted(text: str) -> Any:
        if len(text) > _LONGEST:
            raise argparse.ArgumentTypeError(f"longer than {_LONGEST} characters")
        if _printable(text) != text:
            escaped = text.encode("utf-8", "replace").decode() != text  # bytes of the command line
            what = "bytes that are not UTF-8" if escaped else "line break or control character"
            raise argparse.ArgumentTypeError(f"{what} in {text!r}")
        return None if text == "" else convert(text)

    converted.__name__ = convert.__name__.lstrip("_")  # argparse names it in its message
    return converted


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def chosen(text: str) -> str:
        if text not in choices:
            raise argparse.ArgumentTypeError(f"must be {' or '.join(choices)}, got {text!r}")
        return text

    return chosen


def _boolean(text: str) -> bool:
    if text.lower() not in _BOOLEAN:
        raise ValueError(text)
    return _BOOLEAN[text.lower()]


def _path(text: str) -> Path:
    if any(len(os.fsencode(part)) > _LONGEST_NAME for part in Path(text).parts):
        raise argparse.ArgumentTypeError(f"a name in it is longer than {_LONGEST_NAME} bytes")
    return Path(text)


def _printable(text: str) -> str:
    """The text with control characters escaped, so that a message stays one line."""
    return "".join(c if c.isprintable() or c == " " else ascii(c)[1:-1] for c in text)


def _with_hyphens(word: str) -> str:
    """An option as ``--help`` writes it; ``mlflow run -P data_root=DIR`` passes ``--data_root``.

    >>> _with_hyphens("--data_root=a_b"), _with_hyphens("a_b")
    ('--data-root=a_b', 'a_b')
    """
    if not word.startswith("--"):
        return word
    name, equals, value = word.partition("=")
    return f"{_flag(name.removeprefix('--'))}{equals}{value}"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
