"""Patience with a tracking server: bounded retries with backoff."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from mlflow.exceptions import MlflowException
from requests import RequestException
from sqlalchemy.exc import SQLAlchemyError

from experiments.tracking.uri import without_secrets

FIRST_DELAY = 0.1
LONGEST_DELAY = 10.0

# What asking again cannot mend: the server has understood and refuses.
_FINAL_CODES = frozenset(
    {
        "BAD_REQUEST",
        "ENDPOINT_NOT_FOUND",
        "INVALID_PARAMETER_VALUE",
        "PERMISSION_DENIED",
        "RESOURCE_ALREADY_EXISTS",
        "RESOURCE_DOES_NOT_EXIST",
        "UNAUTHENTICATED",
    }
)
_FAULTS = (MlflowException, RequestException, SQLAlchemyError, OSError)

T = TypeVar("T")
_log = logging.getLogger(__name__)


class TrackingError(Exception):
    """The tracking store could not be used, after all patience.

    Attributes:
        final: the store answered, and asking again would not help.
    """

    def __init__(self, message: str, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


def patiently(
    action: Callable[[], T], patience: float, sleep: Callable[[float], None] = time.sleep
) -> T:
    """The result of ``action``, tried again after passing faults.

    Waits 0.1 s, then twice as long each time, up to 10 s, with some chance so that many workers
    do not return at once.

    Args:
        action: must be safe to repeat.
        patience: seconds of waiting in all.
        sleep: for tests.

    Raises:
        TrackingError: when patience is over, or at once if the store refuses.
    """
    waited, delay = 0.0, FIRST_DELAY
    while True:
        try:
            return action()
        except _FAULTS as error:
            message = one_line(error)
            if getattr(error, "error_code", None) in _FINAL_CODES:
                raise TrackingError(message, final=True) from error
            if waited >= patience:
                raise TrackingError(message) from error
            _log.warning("tracking store: %s; trying again", message)
        pause = min(delay * random.uniform(0.5, 1.0), patience - waited)  # noqa: S311 - spread, not secrecy
        sleep(pause)
        waited += pause
        delay = min(2 * delay, LONGEST_DELAY)


def one_line(error: BaseException) -> str:
    """The first line of an error, with its type where it says nothing, and without secrets."""
    text = str(error).strip().splitlines()
    return without_secrets(text[0]) if text else type(error).__name__
