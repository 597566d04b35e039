"""Weight files: found, fetched once, and refused unless they are the published ones."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from common.errors import UserError
from models.weights import WeightsFile, file_sha256

CONTENT = bytes(range(256)) * 100


class Server(ThreadingHTTPServer):
    """Remembers the paths that were asked for."""

    def __init__(self, directory: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=directory))
        self.directory = directory
        self.requests: list[str] = []


class Handler(SimpleHTTPRequestHandler):
    """Serves a directory and keeps count."""

    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        self.server.requests.append(self.path)
        super().do_GET()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    directory = tmp_path / "published"
    directory.mkdir()
    (directory / "net.bin").write_bytes(CONTENT)
    server = Server(directory)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def weights(server: Server) -> WeightsFile:
    url = f"http://127.0.0.1:{server.server_port}/net.bin"
    return WeightsFile("net.bin", url, hashlib.sha256(CONTENT).hexdigest())


def test_first_fetch_downloads_and_the_second_does_not(
    weights: WeightsFile, server: Server, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    assert weights.missing(root) == f"{root / 'weights' / 'net.bin'} (from {weights.url})"
    for _ in range(2):
        assert weights.fetch(root).read_bytes() == CONTENT
    assert server.requests == ["/net.bin"]
    assert weights.missing(root) is None


def test_file_that_is_there_needs_no_server(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "net.bin").write_bytes(CONTENT)
    weights = WeightsFile("net.bin", "http://127.0.0.1:9", hashlib.sha256(CONTENT).hexdigest())
    assert weights.fetch(tmp_path) == tmp_path / "weights" / "net.bin"


def test_without_a_root_it_goes_to_the_users_cache(
    weights: WeightsFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert weights.fetch(None) == tmp_path / "influence-signals" / "weights" / "net.bin"


@pytest.mark.parametrize("content", [CONTENT[:1000], b"", CONTENT[:-1] + b"x"])
def test_broken_download_leaves_nothing(
    weights: WeightsFile, server: Server, tmp_path: Path, content: bytes
) -> None:
    (server.directory / "net.bin").write_bytes(content)
    with pytest.raises(
        UserError, match=r"weights net\.bin cannot be downloaded from http"
    ) as caught:
        weights.fetch(tmp_path)
    assert "\n" not in str(caught.value)
    assert not weights.path(tmp_path).exists()
    (server.directory / "net.bin").write_bytes(CONTENT)
    assert weights.fetch(tmp_path).read_bytes() == CONTENT


def test_file_with_another_content_is_refused_and_kept(
    weights: WeightsFile, server: Server, tmp_path: Path
) -> None:
    path = weights.path(tmp_path)
    path.parent.mkdir()
    path.write_bytes(b"mine")
    with pytest.raises(UserError, match=f"{path}: sha256 must be {weights.sha256}, got "):
        weights.fetch(tmp_path)
    assert path.read_bytes() == b"mine"
    assert server.requests == []


def test_missing_on_the_server_and_no_server(
    weights: WeightsFile, server: Server, tmp_path: Path
) -> None:
    (server.directory / "net.bin").unlink()
    with pytest.raises(UserError, match=f"404.*put the file at {weights.path(tmp_path)}"):
        weights.fetch(tmp_path)
    nowhere = WeightsFile("net.bin", "http://127.0.0.1:9/net.bin", weights.sha256)
    with pytest.raises(UserError, match="cannot be downloaded"):
        nowhere.fetch(tmp_path)


def test_two_at_once_download_once(weights: WeightsFile, server: Server, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: weights.fetch(tmp_path), range(4)))
    assert set(paths) == {weights.path(tmp_path)}
    assert server.requests == ["/net.bin"]


def test_digest_follows_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a")
    first = file_sha256(path)
    path.write_bytes(b"ab")
    assert file_sha256(path) != first
