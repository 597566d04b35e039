import errno
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST

from common.errors import UserError
from experiments.tracking.retry import TrackingError, patiently
from experiments.tracking.store import check_answers, exists, find_experiment, open_experiment
from experiments.tracking.uri import absolute, without_secrets


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as accepted:
        server.settimeout(0.1)  # for the thread to see that it is over
        over = threading.Event()

        def accept() -> None:
            while not over.is_set():
                with suppress(TimeoutError):
                    accepted.enter_context(server.accept()[0])

        thread = threading.Thread(target=accept)
        thread.start()
        yield server.getsockname()[1]
        over.set()
        thread.join()


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def refused(uri: str, within: float, match: str) -> None:
    began = time.monotonic()
    with pytest.raises(UserError, match=match):
        check_answers(uri)
    assert time.monotonic() - began < within


@pytest.mark.parametrize("kind", ["http", "postgresql", "mysql+pymysql"])
def test_a_closed_port_is_refused_at_once(kind: str, closed_port: int) -> None:
    refused(f"{kind}://127.0.0.1:{closed_port}/x", 10, "cannot be used")


def test_a_silent_server_is_refused_within_seconds(
    silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.tracking.store.ANSWER_WITHIN", 0.5)
    refused(f"http://127.0.0.1:{silent_port}", 10, "no answer within 0.5 s")


@pytest.mark.parametrize("uri", ["runs", "file:///runs", "ftp://host/x", "sqllite:///x.db"])
def test_other_kinds_are_refused_with_those_allowed(uri: str) -> None:
    refused(uri, 5, "allowed: sqlite:///FILE")


def test_a_database_in_no_directory(tmp_path: Path) -> None:
    refused(f"sqlite:///{tmp_path}/none/mlflow.db", 5, "no directory")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    path.write_text("something else, long enough to be looked at" * 10)
    refused(f"sqlite:///{path}", 5, "is no SQLite database")
    assert [p.name for p in tmp_path.iterdir()] == ["mlflow.db"]


def test_a_directory_as_a_database(tmp_path: Path) -> None:
    refused(f"sqlite:///{tmp_path}", 5, "must be a file, got a directory")


def test_a_locked_database_is_called_locked(tmp_path: Path, store_uri: str) -> None:
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UserError, match="locked") as raised:
            check_answers(store_uri)
    assert "no SQLite database" not in str(raised.value)


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:99999",
        "http://127.0.0.1:port",
        "http://[::1",
        "postgresql://127.0.0.1:-1/runs",
        "sqlite:///:memory:",
        f"http://{'x' * 300}.example",
        f"sqlite:////tmp/{'x' * 5000}.db",
        f"sqlite:////tmp/{'x/' * 5000}mlflow.db",
    ],
)
def test_an_impossible_uri_is_one_line(uri: str) -> None:
    with pytest.raises(UserError) as raised:
        check_answers(uri)
    assert len(str(raised.value).splitlines()) == 1
    exists(uri)


@pytest.mark.slow
def test_a_new_store_may_be_opened_by_several_processes_at_once(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from experiments.tracking.store import find_experiment, open_experiment\n"
        "find_experiment(sys.argv[1], 'study')\n"
        "print(open_experiment(sys.argv[1], 'study')[1])\n"
    )
    words = [sys.executable, "-c", code, f"sqlite:///{tmp_path}/mlflow.db"]
    started = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0] * len(started)
    assert len(set(said)) == 1


def test_a_store_that_cannot_be_completed_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of a schema would break the store for good: MLflow does not complete it."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"

    def half_made(uri: str) -> None:
        with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as store:
            store.execute("CREATE TABLE _alembic_tmp_params (key)")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("experiments.tracking.store.connect", half_made)
        with pytest.raises(UserError, match="No space left on device"):
            open_experiment(uri, "study")
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db.lock"]
    killed = tmp_path / ".mlflow.db.0123abcd.new"
    killed.write_text("half")
    assert open_experiment(uri, "study")[1]
    assert not killed.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "mlartifacts",
        "mlflow.db",
        "mlflow.db.lock",
    ]


def test_looking_creates_nothing(tmp_path: Path) -> None:
    assert find_experiment(f"sqlite:///{tmp_path}/mlflow.db", "study") is None
    check_answers(f"sqlite:///{tmp_path}/mlflow.db")
    assert list(tmp_path.iterdir()) == []


def test_an_experiment_is_created_once_whatever_its_name(store_uri: str) -> None:
    name = "$(touch x) <script> 'quoted'"
    uri, first = open_experiment(store_uri, name)
    assert open_experiment(store_uri, name) == (uri, first)
    assert find_experiment(store_uri, name) == first


def test_a_relative_database_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("sqlite:///mlflow.db") == f"sqlite:///{tmp_path}/mlflow.db"
    assert absolute("http://host:5000") == "http://host:5000"


def test_passwords_are_not_shown(closed_port: int) -> None:
    uri = f"postgresql://ada:secret@127.0.0.1:{closed_port}/runs"
    with pytest.raises(UserError) as raised:
        check_answers(uri)
    assert "secret" not in str(raised.value)
    assert without_secrets("http://host") == "http://host"


def test_patience_is_bounded() -> None:
    tries = []

    def refuse() -> None:
        tries.append(time.monotonic())
        raise ConnectionError("refused")

    began = time.monotonic()
    with pytest.raises(TrackingError, match="refused"):
        patiently(refuse, 0.5)
    assert tries[-1] - began < 0.5
    assert len(tries) > 1


def test_a_refusal_is_not_tried_again() -> None:
    tries = []

    def refuse() -> None:
        tries.append(1)
        raise MlflowException("no such run", RESOURCE_DOES_NOT_EXIST)

    with pytest.raises(TrackingError) as raised:
        patiently(refuse, 60.0)
    assert raised.value.final
    assert len(tries) == 1


def test_temporary_failures_are_retried() -> None:
    answers = iter([ConnectionError("once"), OSError("twice"), "there"])

    def ask() -> object:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert patiently(ask, 60.0) == "there"


def test_programming_errors_are_not_retried() -> None:
    def wrong() -> None:
        raise TypeError("wrong")

    with pytest.raises(TypeError):
        patiently(wrong, 60.0)


def test_databricks_may_be_named_without_a_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def connect(uri: str) -> None:
        asked.append(uri)
        raise MlflowException("no credentials")

    monkeypatch.setattr("experiments.tracking.store.connect", connect)
    with pytest.raises(UserError, match="databricks cannot be used: no credentials"):
        check_answers("databricks")
    assert asked == ["databricks"]
