"""Where the results of an audit go."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from experiments.audit.output.files import deliver


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
