"""Opening a tracking store: checked quickly, created once, never by a worker."""

from __future__ import annotations

import logging
import os
import socket
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from common.errors import UserError
from experiments.tracking.retry import one_line
from experiments.tracking.uri import absolute, sqlite_file, without_secrets

ANSWER_WITHIN = 30.0
"""Seconds; an MLflow server that has just been started takes many for its first answer."""
CREATE_WITHIN = 120.0
_DATABASES = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
_SERVERS = {"http": 80, "https": 443}

T = TypeVar("T")
logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)  # every new database: 2 lines


def client_for(uri: str) -> MlflowClient:
    """A quiet client whose requests end: MLflow alone would retry one for several minutes."""
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    return MlflowClient(tracking_uri=uri)


def exists(uri: str) -> bool:
    """Whether there is a store to read; only a SQLite one can be absent and made."""
    path = sqlite_file(uri)
    return path is None or path.is_file()


def check_answers(uri: str) -> None:
    """Make sure, within seconds and without writing anything, that the store can be used.

    Raises ``UserError`` naming the URI and what is wrong.
    """
    path = sqlite_file(uri)
    if path is not None:
        _check_sqlite(path)
        return
    parts = urlsplit(uri)
    kind = parts.scheme.partition("+")[0]
    if kind in _SERVERS or kind in _DATABASES:
        port = parts.port or (_SERVERS | _DATABASES)[kind]
        try:
            socket.create_connection((parts.hostname or "", port), timeout=5).close()
        except OSError as error:
            raise _no_answer(uri, one_line(error)) from error
    if kind in _DATABASES:
        _within(ANSWER_WITHIN, uri, lambda: _connect(uri))
    elif kind in _SERVERS or kind == "databricks":
        _within(ANSWER_WITHIN, uri, lambda: client_for(uri).search_experiments(max_results=1))
    else:
        raise UserError(
            f"tracking URI {without_secrets(uri)!r} is of no kind that runs can be kept in; "
            "allowed: sqlite:///FILE, http(s)://SERVER, postgresql://..., mysql://..., "
            "mssql://..., databricks"
        )


def open_experiment(uri: str, name: str) -> tuple[str, str]:
    """The absolute URI of the store and the id of the experiment, both created if need be.

    To be called by one process: creating a database from several at once breaks it.
    """
    uri = absolute(uri)
    check_answers(uri)
    path = sqlite_file(uri)
    if path is None:
        return uri, _within(CREATE_WITHIN, uri, lambda: _experiment(client_for(uri), name, None))
    root = path.parent / "mlartifacts"
    artifacts = (root / uuid4().hex[:8]).as_uri()

    def opened() -> str:
        if not path.exists():
            # MLflow would keep artifacts in the working directory, wherever the database is
            SqlAlchemyStore(uri, root.as_uri())  # type: ignore[no-untyped-call]  # MLflow's gap
        return _experiment(client_for(uri), name, artifacts)

    # a lock for the moment of creation: commands that start together must not both create
    with FileLock(f"{path}.lock"):
        return uri, _within(CREATE_WITHIN, uri, opened)


def find_experiment(uri: str, name: str) -> str | None:
    """The id of the experiment, or ``None`` where there is none; nothing is created."""
    if not exists(uri):
        return None
    uri = absolute(uri)
    check_answers(uri)
    found = _within(CREATE_WITHIN, uri, lambda: client_for(uri).get_experiment_by_name(name))
    return None if found is None else str(found.experiment_id)


def _experiment(client: MlflowClient, name: str, artifacts: str | None) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=artifacts))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(name)
    if found is None or found.lifecycle_stage != "active":
        raise UserError(
            f"experiment {name!r} has been deleted: restore it in MLflow, or name another one"
        )
    return str(found.experiment_id)


def _check_sqlite(path: Path) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise UserError(f"tracking store {path}: no directory {folder}")
    if path.is_dir():
        raise UserError(f"tracking store {path} is a directory, however it must be a file")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise UserError(f"tracking store {path} is not writable")
    if not path.exists():
        return
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise UserError(f"tracking store {path} is no SQLite database: {error}") from error


def _connect(uri: str) -> None:
    engine = create_engine(uri)
    try:
        engine.connect().close()
    finally:
        engine.dispose()


def _within(seconds: float, uri: str, action: Callable[[], T]) -> T:
    """The result of ``action``, or a ``UserError`` if it fails or takes longer."""
    result: list[T] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            result.append(action())
        except BaseException as error:
            failure.append(error)  # raised again below, in the caller's thread

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        error = failure[0]
        if isinstance(error, (MlflowException, SQLAlchemyError, ImportError, OSError)):
            raise _no_answer(uri, one_line(error)) from error
        raise error
    if not result:
        raise _no_answer(uri, f"no answer within {seconds:g} s")
    return result[0]


def _no_answer(uri: str, why: str) -> UserError:
    text = without_secrets(uri)
    return UserError(f"tracking store {text} cannot be used: {why.replace(uri, text)}")
