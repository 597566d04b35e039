"""Tracking URIs: the default one, absolute forms, and forms without secrets."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

SQLITE = "sqlite:///"
PROJECT = Path(__file__).resolve().parent.parent


def default_uri() -> str:
    """The tracking URI of the environment, or the database beside the project."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}{PROJECT / 'mlflow.db'}"


def sqlite_file(uri: str) -> Path | None:
    """The absolute path of a SQLite store, ``None`` for another kind of store.

    >>> str(sqlite_file("sqlite:////data/runs.db"))
    '/data/runs.db'
    >>> sqlite_file("https://tracking.example.org") is None
    True
    """
    if not uri.startswith(SQLITE):
        return None
    return Path(unquote(uri.removeprefix(SQLITE).partition("?")[0])).absolute()


def absolute(uri: str) -> str:
    """The same store, whatever the working directory of the process that opens it."""
    path = sqlite_file(uri)
    if path is None:
        return uri
    _, question, query = uri.partition("?")
    return f"{SQLITE}{path}{question}{query}"


def without_secrets(uri: str) -> str:
    """The URI for messages and logs.

    >>> without_secrets("postgresql://ada:love@db.example.org:5432/runs")
    'postgresql://ada:***@db.example.org:5432/runs'
    """
    parts = urlsplit(uri)
    if parts.password is None:
        return uri
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:***@{host}"))
