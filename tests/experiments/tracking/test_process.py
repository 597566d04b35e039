import subprocess
import sys
import time
from dataclasses import replace

import pytest

from experiments.tracking.process import DEAD_AFTER, Owner


def test_this_process_lives() -> None:
    assert Owner.from_json(Owner.here().to_json()).alive()


def test_a_process_that_has_ended_does_not_live() -> None:
    code = "from experiments.tracking.process import Owner; print(Owner.here().to_json())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not Owner.from_json(ended.stdout).alive()


def test_another_process_of_the_same_number_is_another_owner() -> None:
    assert not replace(Owner.here(), birth="earlier").alive()


def test_of_another_machine_the_heartbeat_tells() -> None:
    owner = replace(Owner.here(), host="elsewhere")
    dead = time.time() - DEAD_AFTER
    assert owner.alive(heartbeat=int(1000 * (dead + 60)))
    assert not owner.alive(heartbeat=int(1000 * (dead - 1)))


@pytest.mark.parametrize("text", ["", "null", "[]", '{"host": "here"}', "{"])
def test_text_that_is_no_owner(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Owner.from_json(text)
