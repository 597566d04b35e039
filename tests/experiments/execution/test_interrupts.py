"""Commands tidy up when they are interrupted or terminated."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from experiments.execution import interrupts
from experiments.execution.interrupts import terminable


@pytest.fixture(autouse=True)
def ignored_sigterm() -> Iterator[None]:
    """SIGTERM does not end the tests if the code does not take it."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGTERM, before)


@terminable()
def interrupted(*numbers: signal.Signals) -> list[str]:
    """Send signals to this process: one to a block, the others while it tidies up."""
    done = []
    try:
        os.kill(os.getpid(), numbers[0])
        done.append("block")
    finally:
        for number in numbers[1:]:
            os.kill(os.getpid(), number)
        done.append("tidied up")
        TIDY.append(done)
    return done


TIDY: list[list[str]] = []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_interrupts_the_block(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(number)
    assert TIDY.pop() == ["tidied up"]


def test_an_echo_does_not_disturb_the_tidying_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(signal.SIGINT, signal.SIGTERM)
    assert TIDY.pop() == ["tidied up"]
    monkeypatch.setattr(interrupts, "ECHO", 0.0)
    with pytest.raises(KeyboardInterrupt):
        interrupted(signal.SIGINT, signal.SIGTERM)
    assert TIDY == []


def test_the_former_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with terminable():
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGINT) is before
