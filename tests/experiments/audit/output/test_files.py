"""Where the results of an audit go."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from common.errors import UserError
from experiments.audit.output.files import check_apart, deliver, output_folder
from experiments.audit.request import AuditRequest


def test_delivery_replaces_files_and_keeps_the_permissions_of_the_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o755)
    (out / "old.csv").write_text("old")
    with TemporaryDirectory() as folder:
        (Path(folder) / "old.csv").write_text("new")
        deliver(Path(folder), out)
    assert (out / "old.csv").read_text() == "new"
    assert out.stat().st_mode & 0o777 == 0o755


def test_results_that_cannot_be_written_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("new")
    (tmp_path / "out" / "report.html").mkdir(parents=True)
    with pytest.raises(UserError, match="cannot be written"):
        deliver(tmp_path, tmp_path / "out")


def refused(folder: Path, *written: str) -> None:
    """A block that writes some files and is then refused."""
    with output_folder(folder) as out:
        for name in written:
            (out / name).touch()
        raise UserError("refused")


def test_a_refusal_leaves_no_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="refused"):
        refused(tmp_path / "a" / "out")
    assert not (tmp_path / "a").exists()


def test_what_was_there_or_was_written_stays(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="refused"):
        refused(tmp_path / "empty")
    with pytest.raises(UserError, match="refused"):
        refused(tmp_path / "written", "suspicions.csv")
    assert (tmp_path / "empty").is_dir()
    assert (tmp_path / "written" / "suspicions.csv").exists()


def test_a_disk_that_fills_up_during_delivery_leaves_the_old_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, out = tmp_path / "new", tmp_path / "out"
    for folder, text in ((new, "new"), (out, "old")):
        folder.mkdir()
        for name in ("a.csv", "b.csv"):
            (folder / name).write_text(text)
    copied = []

    def copyfile(source: Path, target: Path) -> None:
        copied.append(target)
        target.write_text(source.read_text())
        if len(copied) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", copyfile)
    with pytest.raises(UserError, match="No space left on device"):
        deliver(new, out)
    assert {path.name: path.read_text() for path in out.iterdir()} == {
        "a.csv": "old",
        "b.csv": "old",
    }


def request(data: Path | str, reference: Path | str = "") -> AuditRequest:
    return AuditRequest(str(data), "", str(reference), "mlp", 0, 0.1, "")


@pytest.mark.parametrize("place", ["", "audit", "c/deeper/audit", "../link/audit"])
def test_results_in_the_folder_of_the_data_are_refused(place: str, tmp_path: Path) -> None:
    data = tmp_path / "photos"
    (data / "c").mkdir(parents=True)
    (tmp_path / "link").symlink_to(data)
    for asked in (request(data), request("wine", data)):
        with pytest.raises(UserError, match=r"is in the (data|reference set), .*photos"):
            check_apart(asked, data / place)
        check_apart(asked, tmp_path / "audit")
    check_apart(request(data / "table.csv"), data / "audit")
    check_apart(request("wine"), Path("wine") / "audit")
    check_apart(request(""), tmp_path)


def test_results_that_would_replace_the_data_are_refused(tmp_path: Path) -> None:
    (tmp_path / "shares.csv").touch()
    for out in (tmp_path, tmp_path / "shares.csv"):
        with pytest.raises(UserError, match="overwrite"):
            check_apart(request(tmp_path / "shares.csv"), out)
    check_apart(request(tmp_path / "sales.csv"), tmp_path)
