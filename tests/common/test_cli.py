from dataclasses import dataclass, field
from pathlib import Path

import pytest

from common.cli import parse, run
from common.errors import UserError


@dataclass(frozen=True)
class Options:
    dataset: str = field(metadata={"help": "which data, 10 % of it"})
    seed: int = field(default=0, metadata={"help": "of everything"})
    data_root: Path | None = field(default=None, metadata={"help": "where data lie"})
    only: tuple[str, ...] = field(default=(), metadata={"help": "some"})
    dry_run: bool = field(default=False, metadata={"help": "only say"})


def parsed(*argv: str) -> Options:
    return parse(Options, "try", "Try it.", argv)


def test_every_kind_of_field() -> None:
    found = parsed(
        "--dataset", "a b", "--seed", "3", "--data-root", "/d", "--only", "x", "--only", "y",
        "--dry-run",
    )  # fmt: skip
    assert found == Options("a b", 3, Path("/d"), ("x", "y"), True)


def test_empty_values_stand_for_the_default() -> None:
    empty = ("--dataset", "a", "--seed", "", "--data-root", "", "--only", "", "--dry-run", "")
    assert parsed(*empty) == Options("a")


@pytest.mark.parametrize(("text", "value"), [("true", True), ("False", False), ("no", False)])
def test_flags_take_words(text: str, value: bool) -> None:
    assert parsed("--dataset", "a", "--dry-run", text).dry_run is value


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ((), "missing: --dataset"),
        (("--dataset", "a", "--seed", "x"), "--seed: invalid int value: 'x'"),
        (("--dataset", "a", "--dry-run", "maybe"), "invalid boolean value: 'maybe'"),
        (("--dataset", "a", "--sede", "3"), "unrecognized arguments: --sede 3"),
        (("--dataset", "a", "--see", "3"), "unrecognized arguments: --see 3"),
    ],
)
def test_bad_input_is_named(argv: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        parsed(*argv)


def test_help_shows_every_text(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--help")
    shown = capsys.readouterr().out
    for text in ("which data, 10 % of it", "--data-root PATH"):
        assert text in shown
    assert "(default: None)" not in shown


def test_what_the_user_can_mend_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse() -> int:
        raise UserError("ratio must lie in (0, 0.5], however: 7")

    assert run(refuse) == 2
    assert capsys.readouterr().err == "error: ratio must lie in (0, 0.5], however: 7\n"


def test_an_interrupted_command_says_so() -> None:
    def stop() -> int:
        raise KeyboardInterrupt

    assert run(stop) == 130
