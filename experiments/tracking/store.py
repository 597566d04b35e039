"""Opens a tracking store: checks that it answers, and creates what is missing once."""

from __future__ import annotations

import logging
import os
import socket
import sqlite3
import threading
from collections.abc import Callable
from contextlib import chdir, closing, nullcontext, suppress
from glob import escape
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from common.errors import UserError
from experiments.tracking.retry import one_line
from experiments.tracking.uri import SQLITE, absolute, sqlite_file, without_secrets
from experiments.tracking.view import TAG as VIEW_TAG
from experiments.tracking.view import view_state

ANSWER_WITHIN = 30.0
"""Seconds; an MLflow server that has just been started takes long for its first answer."""
CREATE_WITHIN: Final = 120.0
ARTIFACTS: Final = "mlartifacts"
"""The folder beside a SQLite store that holds the artifacts of its runs."""

_NEW: Final = ".new"
_DATABASES: Final = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
_SERVERS: Final = {"http": 80, "https": 443}

T = TypeVar("T")
# A request that fails raises an error; these would add a line or a traceback for every try.
for _name in ("mlflow.store.db.utils", "sqlalchemy.pool", "urllib3.connectionpool"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


_SETTINGS: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # nothing leaves the machine unless the user asks
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # it would print the password of the URI
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # by default a request takes several minutes to fail
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
"""MLflow reads these at every request; a user's own values take precedence."""


def connect(uri: str) -> MlflowClient:
    """A client of a store that exists. No other code of the project constructs one."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    return MlflowClient(tracking_uri=uri)


def client_for(uri: str) -> MlflowClient:
    """A client of a store. A SQLite one is created or migrated by one process at a time."""
    path = sqlite_file(uri)
    if path is None:
        return connect(uri)
    writable = os.access(path.parent, os.W_OK)
    with FileLock(f"{path}.lock") if writable else nullcontext():
        if not path.exists():
            _create(uri, path)
        return connect(uri)


def _create(uri: str, path: Path) -> None:
    """Create a SQLite store; its file appears when it is complete.

    MLflow cannot finish a schema of which a full disk or a kill left a part.
    """
    for left in path.parent.glob(f".{escape(path.name)}.*{_NEW}*"):
        left.unlink(missing_ok=True)
    folder = path.parent / ARTIFACTS
    folder.mkdir(exist_ok=True)
    new = path.with_name(f".{path.name}.{uuid4().hex[:8]}{_NEW}")
    _, question, query = uri.partition("?")
    try:
        with chdir(folder):  # MLflow keeps the artifacts of its default experiment below it
            connect(f"{SQLITE}{new}{question}{query}")
        new.replace(path)
    except BaseException:
        for left in path.parent.glob(f"{escape(new.name)}*"):  # SQLite's journal, too
            left.unlink(missing_ok=True)
        with suppress(OSError):  # if it has no artifacts of other stores
            folder.rmdir()
        raise


def exists(uri: str) -> bool:
    """Whether there is a store to read. Only a SQLite file can be missing."""
    path = sqlite_file(uri)
    try:
        return path is None or path.is_file()
    except OSError:  # no file can have such a name
        return False


def check_answers(uri: str) -> None:
    """Check within seconds, without writing anything, that the store can be used.

    Raises ``UserError`` naming the URI and what is wrong.
    """
    path = sqlite_file(uri)
    if path is not None:
        _check_sqlite(path)
        return
    try:
        parts = urlsplit(uri)
        kind = uri if uri == "databricks" else parts.scheme.partition("+")[0]
        host, port = parts.hostname or "", parts.port or (_SERVERS | _DATABASES).get(kind)
    except ValueError as error:
        raise _unusable(uri, one_line(error)) from error
    if port is not None and kind in _SERVERS | _DATABASES:
        try:
            socket.create_connection((host, port), timeout=5).close()
        except (OSError, UnicodeError) as error:
            raise _unusable(uri, one_line(error)) from error
    if kind in _DATABASES:
        _within(ANSWER_WITHIN, uri, lambda: _connect_to_database(uri))
    elif kind in _SERVERS or kind == "databricks":
        _within(ANSWER_WITHIN, uri, lambda: connect(uri).search_experiments(max_results=1))
    else:
        raise UserError(
            f"tracking URI {without_secrets(uri)!r} is not supported; allowed: sqlite:///FILE, "
            "http(s)://SERVER, postgresql://..., mysql://..., mssql://..., databricks"
        )


def open_experiment(uri: str, name: str) -> tuple[str, str]:
    """The absolute URI of the store and the id of the experiment; both are created if necessary.

    Raises ``UserError`` if the store cannot be used or the experiment has been deleted.
    """
    uri = absolute(uri)
    check_answers(uri)
    path = sqlite_file(uri)
    root = None if path is None else (path.parent / ARTIFACTS / uuid4().hex[:8]).as_uri()
    return uri, _within(CREATE_WITHIN, uri, lambda: _experiment(client_for(uri), name, root))


def find_experiment(uri: str, name: str) -> str | None:
    """The id of the experiment, or ``None`` if there is none; nothing is created."""
    if not exists(uri):
        return None
    uri = absolute(uri)
    check_answers(uri)
    found = _within(CREATE_WITHIN, uri, lambda: client_for(uri).get_experiment_by_name(name))
    return None if found is None else str(found.experiment_id)


def _experiment(client: MlflowClient, name: str, artifacts: str | None) -> str:
    """The id of the experiment, whose table of runs has the columns of this suite for those who
    ask."""
    view = view_state()
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            tags = {VIEW_TAG: view}
            return str(client.create_experiment(name, artifact_location=artifacts, tags=tags))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(name)
    if found is None or found.lifecycle_stage != "active":
        raise UserError(
            f"experiment {name!r} has been deleted: restore it in MLflow, or name another one"
        )
    if found.tags.get(VIEW_TAG) != view:
        client.set_experiment_tag(found.experiment_id, VIEW_TAG, view)
    return str(found.experiment_id)


def _check_sqlite(path: Path) -> None:
    folder = path.parent
    if path.name == ":memory:":
        raise UserError("a tracking store in memory is lost with the command; name a file")
    try:
        if not folder.is_dir():
            raise UserError(f"tracking store {path}: no directory {folder}")
        if path.is_dir():
            raise UserError(f"tracking store {path} must be a file, got a directory")
        if not os.access(path if path.exists() else folder, os.W_OK):
            raise UserError(f"tracking store {path} is not writable")
        if not path.exists():
            return
    except OSError as error:
        raise UserError(f"tracking store {path}: {error.strerror}") from error
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as store:
            store.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        raise UserError(f"tracking store {path} cannot be read: {error}") from error
    except sqlite3.DatabaseError as error:
        raise UserError(f"tracking store {path} is no SQLite database: {error}") from error


def _connect_to_database(uri: str) -> None:
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
            failure.append(error)  # raised again below, in the thread of the caller

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        error = failure[0]
        if isinstance(error, (MlflowException, SQLAlchemyError, ImportError, OSError)):
            raise _unusable(uri, one_line(error)) from error
        raise error
    if not result:
        raise _unusable(uri, f"no answer within {seconds:g} s")
    return result[0]


def _unusable(uri: str, why: str) -> UserError:
    text = without_secrets(uri)
    return UserError(f"tracking store {text} cannot be used: {why.replace(uri, text)}")
