"""More than one machine, as far as one machine can play them: a Ray cluster of two nodes, one of
which is lost in mid-grid, and an MLflow server over PostgreSQL that keeps the artifacts too.

    pytest -m services tests/faults
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from services import TrackingServer, free_port, postgresql, ray_node

from experiments import schema
from experiments.tracking.store import find_experiment
from experiments.tracking.tracker import client

PROJECT = Path(__file__).resolve().parents[2]
TRIALS = 8
PATIENCE = 1000.0


@pytest.mark.services
def test_a_node_is_lost_in_mid_grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("INFLUENCE_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", uuid4().hex)
    grid = tmp_path / "toy.toml"
    grid.write_text(
        '[[cells]]\ndataset = "digits_table"\nmodel = "mlp"\nglitch = "uniform_noise"\n'
        f"seed = {list(range(TRIALS))}\n"
    )
    port = free_port()
    with ExitStack() as stack, postgresql(tmp_path) as store:
        server = TrackingServer(tmp_path, store)
        with server.up(), ray_node(tmp_path, port, head=True):
            words = [sys.executable, "-m", "experiments.grid", "--grid", str(grid)]
            words += ["--tracking-uri", server.uri, "--ray-address", f"127.0.0.1:{port}"]
            with ray_node(tmp_path, port, head=False):
                time.sleep(5)  # for the node to register
                log = stack.enter_context((tmp_path / "driver.log").open("wb"))
                driver = subprocess.Popen(words, cwd=PROJECT, stdout=log, stderr=log)
                stack.callback(driver.kill)
                wait_until_both_work(server.uri, driver)
            assert driver.wait(PATIENCE) == 0  # the second node is gone by now
            check_everything_is_there(server.uri, tmp_path)


def wait_until_both_work(uri: str, driver: subprocess.Popen[bytes]) -> None:
    """Wait until two trials run at once, one a node."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and driver.poll() is None:
        experiment_id = find_experiment(uri, "Default")
        wanted = f"tags.{schema.KIND} = '{schema.KIND_TRIAL}' and attributes.status = 'RUNNING'"
        if len(client(uri).search_runs([str(experiment_id)], wanted)) == 2:
            return
        time.sleep(0.1)
    raise AssertionError("no two trials ran at once")


def check_everything_is_there(uri: str, folder: Path) -> None:
    wanted = f"tags.{schema.KIND} = '{schema.KIND_TRIAL}'"
    runs = client(uri).search_runs([str(find_experiment(uri, "Default"))], wanted)
    finished = [run for run in runs if run.info.status == "FINISHED"]
    assert Counter(run.data.tags[schema.SPEC_HASH] for run in finished).most_common(1)[0][1] == 1
    assert len(finished) == TRIALS
    assert not [run for run in runs if run.info.status == "RUNNING"]
    for run in finished:
        stored = {file.path for file in client(uri).list_artifacts(run.info.run_id)}
        assert {schema.SCORES_FILE, schema.PROFILE_FILE, schema.LOG_FILE} <= stored
        assert run.info.artifact_uri.startswith("mlflow-artifacts:")
    assert list((folder / "artifacts").rglob(schema.PROFILE_FILE))
