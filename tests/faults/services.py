"""Real services for tests: PostgreSQL, an MLflow server with its artifact proxy, a Ray cluster."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

START_WITHIN = 180.0
POSTGRES_USER = "postgres"


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for_port(port: int, alive: Callable[[], bool] = lambda: True) -> None:
    """Wait until something listens."""
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        assert alive(), f"what should listen on port {port} has ended"
        time.sleep(0.2)
    raise AssertionError(f"nothing listens on port {port} within {START_WITHIN:g} s")


@contextlib.contextmanager
def process(words: list[str], log: Path, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process with all its children, ended with the block."""
    with log.open("ab") as out:
        started = subprocess.Popen(words, stdout=out, stderr=out, start_new_session=True, **options)  # type: ignore[call-overload]  # options of Popen, as they come
        try:
            yield started
        finally:
            for number in (signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(started.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    started.wait(10)


@contextlib.contextmanager
def small_disk(folder: Path, mib: int = 400) -> Iterator[Path]:
    """The folder as a disk of its own in memory, as long as the block runs; only root may."""
    folder.mkdir(parents=True, exist_ok=True)
    words = [str(shutil.which("mount")), "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)]
    subprocess.run(words, check=True)
    try:
        yield folder
    finally:
        subprocess.run([str(shutil.which("umount")), "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A database server of its own; gives the URI of an empty database.

    It refuses to run as root: as root it is run as the user that its Debian package made.
    """
    server, initdb = (_postgres_program(name) for name in ("postgres", "initdb"))
    port = free_port()
    data = folder / "postgres"
    data.mkdir(parents=True)
    become: list[str] = []
    if os.geteuid() == 0:
        become = ["runuser", "-u", POSTGRES_USER, "--"]
        shutil.chown(data, POSTGRES_USER)
        for parent in data.parents:
            if parent.stat().st_uid == 0 and parent.stat().st_mode & 0o77 == 0:
                parent.chmod(parent.stat().st_mode | 0o11)
    log = folder / "postgres.log"
    with log.open("ab") as out:
        words = [*become, initdb, "-D", str(data), "-U", "influence", "-A", "trust"]
        subprocess.run(words, check=True, stdout=out, stderr=out, cwd="/")
    words = [*become, server, "-D", str(data), "-p", str(port), "-k", "", "-h", "127.0.0.1"]
    with process(words, log, cwd="/") as started:
        wait_for_port(port, lambda: started.poll() is None)
        yield f"postgresql://influence@127.0.0.1:{port}/postgres"


def _postgres_program(name: str) -> str:
    found = [shutil.which(name), *map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))]
    programs = [program for program in found if program]
    if not programs:
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("psycopg", reason="the MLflow server needs a driver for PostgreSQL")
    return programs[0]


class TrackingServer:
    """An MLflow server that can go away and come back at the same address."""

    def __init__(self, folder: Path, store: str) -> None:
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._store = store

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        """It answers while the block runs."""
        words = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", self._store]
        words += ["--artifacts-destination", str(self._folder / "artifacts")]
        words += ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        with process(words, self._folder / "server.log", cwd=self._folder) as started:
            wait_for_port(self.port, lambda: started.poll() is None)
            yield


@contextlib.contextmanager
def ray_node(folder: Path, port: int, head: bool) -> Iterator[subprocess.Popen[bytes]]:
    """One node of a Ray cluster, with one core, as a process of its own."""
    words = [str(Path(sys.executable).parent / "ray"), "start", "--block", "--num-cpus", "1"]
    words += ["--disable-usage-stats", "--object-store-memory", str(100 * 2**20)]
    words += ["--node-ip-address", "127.0.0.1"]
    if head:
        words += ["--head", "--port", str(port), "--include-dashboard", "false"]
    else:
        words += ["--address", f"127.0.0.1:{port}"]
    environment = {key: v for key, v in os.environ.items() if key != "PYTHONPATH"}
    with process(words, folder / "ray.log", cwd="/", env=environment) as started:
        wait_for_port(port, lambda: started.poll() is None)
        yield started
