"""The text form of glitches.

- ``name``: one glitch, at the ratio of the trial.
- ``name(option=value, ...)``: the same, with options; they are the fields of the glitch's class.
- ``name:share+name:share``: a mixture. A share refers to the final training set, as the ratio
  does; the shares sum to the ratio of the trial.
- ``name+name``: a mixture of equal parts of the ratio, so that a sweep over ratios sweeps the
  mixture.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, Field, fields
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from common.errors import UserError, unknown_name
from glitches import GLITCHES
from glitches.base import PHASES, Glitch, Kind
from glitches.plan import GlitchPlan, Part

_PART = re.compile(r"\s*(?P<name>\w+)\s*(\((?P<options>[^()]*)\)\s*)?(:(?P<share>[^:()]*))?")
_PLUS_OUTSIDE_PARENTHESES = re.compile(r"\+(?![^()]*\))")


def parse_glitch(text: str) -> GlitchPlan:
    """The plan that a text describes; texts with the same meaning give equal plans.

    >>> str(parse_glitch("uniform_noise:0.06 + class_dependent_noise:0.04"))
    'class_dependent_noise:0.04+uniform_noise:0.06'
    >>> parse_glitch("uniform_noise:0.3+none:0.1")
    Traceback (most recent call last):
    common.errors.UserError: mixture none:0.1+uniform_noise:0.3: 'none' cannot be in a mixture
    """
    parts = [_part(part) for part in _PLUS_OUTSIDE_PARENTHESES.split(text)]
    parts.sort(key=lambda part: (PHASES.index(part.glitch.phase), part.name))
    return GlitchPlan(tuple(parts))


def kind_of(text: str) -> Kind | None:
    """The kind of a single glitch; ``None`` for a mixture.

    Raises ``UserError`` where the text is not that of a registered glitch.

    >>> kind_of("stripe_outliers(mode=added)")
    'corrupted'
    """
    parts = parse_glitch(text).parts
    return parts[0].glitch.kind if len(parts) == 1 else None


def _part(text: str) -> Part:
    match = _PART.fullmatch(text)
    if match is None:
        raise UserError(
            "a glitch must be name, name(option=value, ...), name:share+name:share or name+name, "
            f"got {text!r}"
        )
    name, glitch_class = match["name"], GLITCHES[match["name"]]
    options = _options(glitch_class)
    values = {}
    for option, value in _assignments(name, match["options"] or ""):
        if not options:
            raise UserError(f"glitch {name!r} takes no options, got {option!r}")
        if option not in options:
            raise unknown_name(f"option of glitch {name!r}", option, options)
        if option in values:
            raise UserError(f"option {option!r} of glitch {name!r} is given twice")
        values[option] = _value(name, option, options[option][1], value)
    for option, (definition, _) in options.items():
        if definition.default is MISSING and option not in values:
            raise UserError(f"glitch {name!r} needs the option {option!r}")
    glitch = glitch_class(**values)
    return Part(_canonical(name, glitch), glitch, _share(text, match["share"]))


@cache
def _options(glitch: type[Glitch]) -> dict[str, tuple[Field[Any], Any]]:
    """The fields of a glitch's class and their types, by name."""
    types = get_type_hints(glitch)
    definitions = fields(glitch)  # type: ignore[arg-type]  # the base cannot ask for a dataclass
    return {f.name: (f, types[f.name]) for f in definitions}


def _assignments(name: str, text: str) -> list[tuple[str, str]]:
    found = []
    for assignment in text.split(",") if text.strip() else []:
        option, equals, value = assignment.partition("=")
        if not equals or not value.strip():
            raise UserError(
                f"an option of glitch {name!r} must be option=value, got {assignment.strip()!r}"
            )
        found.append((option.strip(), value.strip()))
    return found


def _value(name: str, option: str, wanted: Any, text: str) -> Any:
    if isinstance(wanted, UnionType):  # of a type and None, which a text cannot give
        (wanted,) = (one for one in get_args(wanted) if one is not NoneType)
    choices: tuple[Any, ...] = (True, False) if wanted is bool else ()
    if get_origin(wanted) is Literal:
        choices = get_args(wanted)
    if choices:
        by_text = {str(choice): choice for choice in choices}
        if text not in by_text:
            raise UserError(
                f"option {option!r} of glitch {name!r} must be one of {', '.join(by_text)}, "
                f"got {text!r}"
            )
        return by_text[text]
    try:
        value = wanted(text)
    except ValueError:
        value = None
    if value is None or (isinstance(value, float) and not isfinite(value)):
        kind = {int: "a whole number", float: "a finite number"}[wanted]
        raise UserError(f"option {option!r} of glitch {name!r} must be {kind}, got {text!r}")
    return value


def _canonical(name: str, glitch: Glitch) -> str:
    set_options = [
        f"{option}={getattr(glitch, option)}"
        for option, (definition, _) in _options(type(glitch)).items()
        if getattr(glitch, option) != definition.default
    ]
    return f"{name}({','.join(set_options)})" if set_options else name


def _share(text: str, share: str | None) -> float | None:
    if share is None:
        return None
    try:
        return float(share)
    except ValueError:
        raise UserError(f"the share of {text.strip()!r} must be a number") from None
