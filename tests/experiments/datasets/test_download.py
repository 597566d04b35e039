"""Downloads: whole and right, or not there at all."""

from __future__ import annotations

import multiprocessing
import os
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from loopback_mirror import Mirror, serving

from common.errors import UserError
from experiments.datasets.download import PublicFile, check_unaltered, fetched, missing_files

mirror = pytest.fixture(serving)

CONTENT = bytes(range(256)) * 40


def visible(root: Path) -> list[str]:
    """Files below the root, locks aside."""
    return sorted(
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    )


def test_the_first_download(mirror: Mirror, tmp_path: Path) -> None:
    file = mirror.public("a.bin", CONTENT, "folder/a.bin")
    assert fetched("toy", file, tmp_path) == tmp_path / "folder/a.bin"
    assert (tmp_path / "folder/a.bin").read_bytes() == CONTENT
    fetched("toy", file, tmp_path)
    assert mirror.requests["/a.bin"] == 1
    assert visible(tmp_path) == ["folder/a.bin"]


def test_a_file_that_is_there_is_taken_as_it_is(mirror: Mirror, tmp_path: Path) -> None:
    file = mirror.public("a.bin", CONTENT)
    (tmp_path / "a.bin").write_bytes(b"mine")
    assert fetched("toy", file, tmp_path).read_bytes() == b"mine"
    assert not mirror.requests


def test_a_broken_download_leaves_nothing_and_starts_again(mirror: Mirror, tmp_path: Path) -> None:
    file = mirror.public("a.bin", CONTENT)
    mirror.broken.add("/a.bin")
    with pytest.raises(UserError, match=r"toy: .*a\.bin is missing and the download failed: http"):
        fetched("toy", file, tmp_path)
    assert visible(tmp_path) == []
    mirror.broken.clear()
    assert fetched("toy", file, tmp_path).read_bytes() == CONTENT


def test_a_wrong_checksum_leaves_nothing(mirror: Mirror, tmp_path: Path) -> None:
    file = mirror.public("a.bin", CONTENT)
    mirror.files["/a.bin"] = CONTENT + b"!"
    with pytest.raises(UserError, match="does not match the known hash") as error:
        fetched("toy", file, tmp_path)
    assert "\n" not in str(error.value)
    assert visible(tmp_path) == []


def test_the_next_address_is_tried(mirror: Mirror, tmp_path: Path) -> None:
    file = mirror.public("a.bin", CONTENT)
    file = replace(file, addresses=(f"{mirror.address}/gone", *file.addresses))
    assert fetched("toy", file, tmp_path).read_bytes() == CONTENT
    assert mirror.requests["/gone"] == 1


def test_all_addresses_are_named_when_none_answers(mirror: Mirror, tmp_path: Path) -> None:
    file = PublicFile("a", (f"{mirror.address}/x", f"{mirror.address}/y"), "md5:0")
    with pytest.raises(UserError, match=re.escape(f"{mirror.address}/x: 404") + ".*/y: 404"):
        fetched("toy", file, tmp_path)


def _fetch(file: PublicFile, root: Path, started: Path) -> bytes:
    started.touch()
    return fetched("toy", file, root).read_bytes()


def test_two_processes_at_once_share_one_download(mirror: Mirror, tmp_path: Path) -> None:
    file = mirror.public("a.bin", CONTENT, "root/a.bin")
    started = [tmp_path / "started 0", tmp_path / "started 1"]
    mirror.gate.clear()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = [pool.apply_async(_fetch, (file, tmp_path, mark)) for mark in started]
        while not (mirror.requests and all(mark.exists() for mark in started)):
            time.sleep(0.01)
        mirror.gate.set()
        assert [one.get(timeout=60) for one in found] == [CONTENT, CONTENT]
    assert mirror.requests["/a.bin"] == 1
    assert visible(tmp_path / "root") == ["a.bin"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_root_that_is_not_writable(mirror: Mirror, tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(UserError, match="is not writable"):
        fetched("toy", mirror.public("a.bin", CONTENT), tmp_path)


def test_no_root() -> None:
    with pytest.raises(UserError, match="toy needs a data root: give --data-root"):
        fetched("toy", PublicFile("a", ("http://127.0.0.1:9/a",), "md5:0"), None)


def test_missing_files_are_named_with_address_and_place(tmp_path: Path) -> None:
    files = [PublicFile(name, (f"http://x/{name}",), "md5:0") for name in ("a", "b")]
    (tmp_path / "a").touch()
    assert missing_files(tmp_path, files) == f"b from http://x/b would be downloaded to {tmp_path}"
    assert missing_files(tmp_path, files[:1]) is None
    assert (
        missing_files(None, files[:1])
        == "a from http://x/a would be downloaded to a data root (none is given)"
    )


def test_altered_files_are_told(mirror: Mirror, tmp_path: Path) -> None:
    file = mirror.public("a.bin", CONTENT)
    path = tmp_path / "a.bin"
    path.write_bytes(CONTENT)
    check_unaltered("toy", path, file)
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(UserError, match=r"toy: .*a\.bin is truncated or altered \(md5 .*delete it"):
        check_unaltered("toy", path, file)
