import errno
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from common.cli import option, parse, required, run, run_command
from common.errors import MachineError, UserError


@dataclass(frozen=True)
class Options:
    dataset: str = required("which data, 10 % of it")
    seed: int = option("of everything", 0)
    data_root: Path | None = option("where data lie")
    only: tuple[str, ...] = option("some", ())
    dry_run: bool = option("only say", False)
    missing: Literal["refuse", "skip"] = option("what then", "refuse")


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
        (("--dataset", "a", "--missing", "no"), "must be refuse or skip, got 'no'"),
        (("--dataset", "a\nb"), r"--dataset: line break or control character in 'a\\nb'"),
        (("--dataset", "caf\udce9"), "--dataset: bytes that are not UTF-8 in"),
        (("--dataset", "a", "b\nc"), r"unrecognized arguments: b\\nc"),
        (("--dataset", "a" * 5000), "--dataset: longer than 4096 characters"),
        (("--dataset", "a", "--data-root", "b" * 256), "--data-root: .* longer than 255 bytes"),
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


def test_a_user_error_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> int:
        raise UserError("ratio must be in (0, 0.5], got 7")

    assert run(refuse) == 2
    assert capsys.readouterr().err == "error: ratio must be in (0, 0.5], got 7\n"


@pytest.mark.parametrize(
    "error", [MachineError("no answer"), OSError(errno.ENOSPC, "No space left on device", "/x")]
)
def test_a_failure_of_the_machine_is_one_line_and_status_1(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> int:
        raise error

    assert run(fail) == 1
    assert capsys.readouterr().err == f"error: {error}\n"


def test_a_full_disk_without_a_name_says_where_to_look(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail() -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert run(fail) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: No space left on device: look at the disks of temporary files (")
    assert str(tmp_path) in said


def test_a_working_directory_that_is_gone_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert run_command("no.such.module") == 2
    said = "error: the working directory cannot be used: No such file or directory\n"
    assert capsys.readouterr().err == said


def test_no_temporary_directory_is_one_line_and_status_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> int:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    assert run(fail) == 1
    assert "set TMPDIR" in capsys.readouterr().err


def test_other_errors_keep_their_traceback() -> None:
    def fail() -> int:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", "/x")

    with pytest.raises(FileNotFoundError):
        run(fail)


def test_an_interrupted_command_says_so() -> None:
    def stop() -> int:
        raise KeyboardInterrupt

    assert run(stop) == 130
