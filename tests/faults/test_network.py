"""What commands send: nothing to another machine, and no password to any file or terminal."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest
from services import TrackingServer

PROJECT = Path(__file__).resolve().parents[2]
PASSWORD = "hush-hush"  # noqa: S105 - the secret that must not appear
DNS = "sin_port=htons(53)"
_ADDRESS = re.compile(r'(?:inet_addr\("|inet_pton\(AF_INET6, ")([^"]+)')
_TRIAL = ["trial", "--dataset", "wine", "--model", "mlp", "--glitch", "uniform_noise"]


def environment(folder: Path) -> dict[str, str]:
    """That of a user: MLflow sends no telemetry in tests and on CI servers."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    folders = {"TMPDIR": "tmp", "INFLUENCE_CACHE": "cache", "INFLUENCE_SPOOL": "outbox"}
    for name in folders.values():
        folder.joinpath(name).mkdir()
    return {
        **kept,
        **{variable: str(folder / name) for variable, name in folders.items()},
        "PYTHONPATH": str(PROJECT),
    }


def grid_of_two(folder: Path) -> list[str]:
    path = folder / "two.toml"
    path.write_text(
        '[[cells]]\ndataset = "wine"\nmodel = "mlp"\nglitch = "uniform_noise"\nseed = [0, 1]\n'
    )
    return ["grid", "--grid", str(path), "--cpus", "1"]


def run(words: list[str], folder: Path, uri: str, *before: str) -> str:
    """Run a command of the suite and return what it printed."""
    command = [*before, sys.executable, "-m", f"experiments.{words[0]}", *words[1:]]
    variables = environment(folder) | {"MLFLOW_TRACKING_URI": uri}
    done = subprocess.run(
        command, env=variables, cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", ["trial", "grid"])
def test_no_other_machine_is_contacted(command: str, tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    trace = tmp_path / "trace"
    words = _TRIAL if command == "trial" else grid_of_two(tmp_path)
    calls = ["-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", str(trace)]
    run(words, tmp_path, f"sqlite:///{tmp_path}/mlflow.db", strace, *calls)
    lines = [line for line in trace.read_text().splitlines() if _ADDRESS.search(line)]
    outside = [line for line in lines if not loopback(line) or DNS in line]
    assert outside == []


def loopback(line: str) -> bool:
    """Whether all addresses in a line of the trace are of this machine."""
    found = [ip_address(text) for text in _ADDRESS.findall(line)]
    return all((getattr(ip, "ipv4_mapped", None) or ip).is_loopback for ip in found)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["trial", "grid"])
def test_no_password_is_printed_or_stored(command: str, tmp_path: Path) -> None:
    words = _TRIAL if command == "trial" else grid_of_two(tmp_path)
    server = TrackingServer(tmp_path, f"sqlite:///{tmp_path}/mlflow.db")
    with server.up():
        uri = server.uri.replace("http://", f"http://ada:{PASSWORD}@")
        said = run(words, tmp_path, uri)
    assert PASSWORD not in said
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "scores.parquet" for path in files)
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []
    assert list((tmp_path / "tmp").iterdir()) == []
