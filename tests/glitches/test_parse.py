"""The text form of glitches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest

from common.errors import UserError
from glitches import GLITCHES
from glitches.base import Glitch, Injection, Phase
from glitches.contaminated import Contaminated
from glitches.parse import parse_glitch
from glitches.uniform_noise import UniformNoise


@dataclass(frozen=True)
class Configurable(Glitch):
    """A glitch with an option of every type."""

    level: int
    strength: float = 1.0
    mode: Literal["in_place", "added"] = "in_place"
    quiet: bool = False
    corruption: str = "fog"
    severity: int | None = None

    kind = "corrupted"

    @property
    def phase(self) -> Phase:
        return "add" if self.mode == "added" else "alter"

    def inject(self, train: Contaminated, injection: Injection) -> Contaminated:
        return train


@pytest.fixture(autouse=True)
def configurable() -> Iterator[None]:
    GLITCHES.register("configurable", f"{__name__}:Configurable")
    yield
    GLITCHES.unregister("configurable")


def test_a_name_alone() -> None:
    plan = parse_glitch(" uniform_noise ")
    assert [part.name for part in plan.parts] == ["uniform_noise"]
    assert plan.parts[0].glitch == UniformNoise()
    assert plan.total is None
    assert plan.takes_ratio
    assert not plan.uses_foreign
    assert plan.modalities() == [("glitch 'uniform_noise'", frozenset({"image", "tabular"}))]


@pytest.mark.parametrize("text", ["none", "known_glitches"])
def test_what_is_not_injected_takes_no_ratio(text: str) -> None:
    plan = parse_glitch(text)
    assert not plan.takes_ratio
    plan.check_ratio(0.0)


def test_options_are_typed() -> None:
    plan = parse_glitch(
        "configurable(level=3, strength = 1e+1, mode=added, quiet=True, corruption=blur,severity=2)"
    )
    assert plan.parts[0].glitch == Configurable(3, 10.0, "added", True, "blur", 2)


def test_options_at_their_defaults_leave_the_canonical_text() -> None:
    assert str(parse_glitch("configurable(strength=1, level=2)")) == "configurable(level=2)"


@pytest.mark.parametrize(
    "text",
    [
        "uniform_noise",
        "configurable(level=2,mode=added)",
        "class_dependent_noise:0.05+configurable(level=1):0.1+uniform_noise:0.051",
        "class_dependent_noise+uniform_noise",
    ],
)
def test_the_canonical_text_reads_back(text: str) -> None:
    plan = parse_glitch(text)
    assert str(plan) == text
    assert parse_glitch(str(plan)) == plan


def test_texts_that_mean_the_same_give_equal_plans() -> None:
    assert parse_glitch("uniform_noise:0.1 + class_dependent_noise:0.2") == parse_glitch(
        "class_dependent_noise:0.20+uniform_noise:.1"
    )


def test_parts_that_remove_go_first_and_parts_that_alter_last() -> None:
    plan = parse_glitch(
        "class_dependent_noise+configurable(level=1,mode=added)+near_clustered_anomalies"
    )
    assert [part.glitch.phase for part in plan.parts] == ["remove", "add", "alter"]


def test_explicit_shares_fix_the_ratio() -> None:
    plan = parse_glitch("uniform_noise:0.04+class_dependent_noise:0.03+configurable(level=1):0.07")
    assert plan.total == 0.14
    plan.check_ratio(0.14)
    with pytest.raises(UserError, match=r"0\.14.* got 0\.1"):
        plan.check_ratio(0.1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unifrom_noise", "unknown glitch 'unifrom_noise' (did you mean 'uniform_noise'?)"),
        ("uniform_noise+nine", "unknown glitch 'nine' (did you mean 'none'?)"),
        ("", "got ''"),
        ("uniform_noise+", "got ''"),
        ("uniform_noise(", "must be name, name(option=value, ...)"),
        ("uniform_noise(x=1)", "glitch 'uniform_noise' takes no options, got 'x'"),
        ("configurable", "glitch 'configurable' needs the option 'level'"),
        ("configurable(level)", "must be option=value, got 'level'"),
        ("configurable(level=)", "must be option=value, got 'level='"),
        ("configurable(level=1,level=2)", "option 'level' of glitch 'configurable' is given twice"),
        ("configurable(lvel=1)", "unknown option of glitch 'configurable' 'lvel' (did you mean"),
        ("configurable(level=1.5)", "'level' of glitch 'configurable' must be a whole number"),
        ("configurable(level=1,strength=nan)", "must be a finite number, got 'nan'"),
        ("configurable(level=1,mode=beside)", "must be one of in_place, added, got 'beside'"),
        ("configurable(level=1,severity=None)", "must be a whole number, got 'None'"),
        ("configurable(level=1,quiet=yes)", "must be one of True, False, got 'yes'"),
        ("uniform_noise:0.1", "uniform_noise:0.1 is not a mixture"),
        (
            "uniform_noise:x+class_dependent_noise:0.1",
            "share of 'uniform_noise:x' must be a number",
        ),
        ("uniform_noise:0+class_dependent_noise:0.1", "shares must be in (0, 0.5], got 0"),
        ("uniform_noise:nan+class_dependent_noise:0.1", "shares must be in (0, 0.5]"),
        ("uniform_noise:0.3+class_dependent_noise:0.3", "sum to at most 0.5, got 0.6"),
        ("uniform_noise:0.3+class_dependent_noise", "give a share to all parts or to none"),
        ("uniform_noise+uniform_noise", "'uniform_noise' is named twice"),
        ("uniform_noise+none", "'none' cannot be in a mixture"),
    ],
)
def test_a_malformed_text_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        parse_glitch(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
