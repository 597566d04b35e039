"""Tracking URIs: the default, absolute forms, and forms without passwords."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

SQLITE = "sqlite:///"
PROJECT = Path(__file__).resolve().parents[2]
"""The repository, or the ``site-packages`` where the project is installed."""
IS_REPOSITORY = (PROJECT / "pyproject.toml").is_file()
_IN_AUTHORITY = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)")
_IN_QUERY = re.compile(
    r"(?i)([?&][^=&\s]*(?:password|passwd|pwd|secret|token)[^=&\s]*=)[^&\s'\")]+"
)


def default_uri() -> str:
    """The tracking URI of the environment, or ``mlflow.db`` in the repository; where the project is
    installed as a package, ``mlflow.db`` in the working directory."""
    folder = PROJECT if IS_REPOSITORY else Path.cwd()
    return os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}{folder / 'mlflow.db'}"


def sqlite_file(uri: str) -> Path | None:
    """The absolute path of a SQLite store; ``None`` for other stores.

    >>> str(sqlite_file("sqlite:////data/runs.db"))
    '/data/runs.db'
    >>> sqlite_file("https://tracking.example.org") is None
    True
    """
    if not uri.startswith(SQLITE):
        return None
    return Path(unquote(uri.removeprefix(SQLITE).partition("?")[0])).absolute()


def absolute(uri: str) -> str:
    """The URI in a form that names the same store in every working directory."""
    path = sqlite_file(uri)
    if path is None:
        return uri
    _, question, query = uri.partition("?")
    return f"{SQLITE}{path}{question}{query}"


def without_secrets(text: str) -> str:
    """A text with its URIs stripped of passwords and tokens, for messages and logs.

    >>> without_secrets("no answer from http://ada:love@runs.example.org:5000/api")
    'no answer from http://ada:***@runs.example.org:5000/api'
    >>> without_secrets("postgresql://db.example.org/runs?user=ada&password=love&sslmode=require")
    'postgresql://db.example.org/runs?user=ada&password=***&sslmode=require'
    """
    return _IN_QUERY.sub(r"\1***", _IN_AUTHORITY.sub(r"\1***", text))
