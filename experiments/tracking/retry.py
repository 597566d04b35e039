"""Retries of requests to a tracking store, with a bounded time and a growing delay."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, TypeVar

from mlflow.exceptions import MlflowException
from requests import RequestException
from sqlalchemy.exc import SQLAlchemyError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_before_delay,
    wait_random_exponential,
)

from common.errors import MachineError
from experiments.tracking.uri import without_secrets

FIRST_DELAY: Final = 0.1
LONGEST_DELAY: Final = 10.0

_NO_REASON: Final = "(raised as a result of"
"""A line that SQLAlchemy puts before the reason."""

# The server has understood the request and refuses it.
_FINAL_CODES: Final = frozenset(
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
_FAULTS: Final = (MlflowException, RequestException, SQLAlchemyError, OSError)

T = TypeVar("T")
_log = logging.getLogger(__name__)


class TrackingError(MachineError):
    """The tracking store could not be used, after all retries.

    Attributes:
        final: whether the store refused the request, so that a retry would not help.
    """

    def __init__(self, message: str, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


def patiently(action: Callable[[], T], patience: float) -> T:
    """The result of ``action``, which is tried again if the store fails.

    Delays grow from 0.1 s to 10 s and are random, so that many workers do not return at once.

    Args:
        action: must be safe to repeat.
        patience: seconds within which a retry may start.

    Raises:
        TrackingError: after the last retry, or at once if the store refuses the request.
    """
    attempts = Retrying(
        retry=retry_if_exception(lambda e: isinstance(e, _FAULTS) and not _is_final(e)),
        wait=wait_random_exponential(multiplier=FIRST_DELAY, max=LONGEST_DELAY),
        stop=stop_before_delay(patience),
        before_sleep=_warn,
        reraise=True,
    )
    try:
        return attempts(action)
    except _FAULTS as error:
        raise TrackingError(one_line(error), final=_is_final(error)) from error


def _is_final(error: BaseException) -> bool:
    return getattr(error, "error_code", None) in _FINAL_CODES


def _warn(state: RetryCallState) -> None:
    if state.attempt_number == 1 and state.outcome is not None:
        error = state.outcome.exception() or Exception()
        _log.warning("tracking store: %s; trying again", one_line(error))


def one_line(error: BaseException) -> str:
    """The first line of an error message, without secrets; its type if there is no message.

    >>> one_line(RuntimeError("(raised as a result of Query-invoked autoflush)\\ndisk is full"))
    'disk is full'
    """
    lines = str(error).strip().splitlines()
    text = [line for line in lines if not line.startswith(_NO_REASON)] or lines
    return without_secrets(text[0]) if text else type(error).__name__
