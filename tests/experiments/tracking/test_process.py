import subprocess
import sys
import threading
import time
from dataclasses import replace

from experiments.tracking.process import DEAD_AFTER, Heartbeat, Owner


def test_this_process_lives() -> None:
    assert Owner.from_json(Owner.here().to_json()).lives(beat=0)


def test_a_process_that_has_ended_does_not_live() -> None:
    code = "from experiments.tracking.process import Owner; print(Owner.here().to_json())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not Owner.from_json(ended.stdout).lives(beat=0)


def test_another_process_of_the_same_number_is_another_owner() -> None:
    assert not replace(Owner.here(), birth="earlier").lives(beat=0)


def test_of_another_machine_the_heartbeat_tells() -> None:
    owner = replace(Owner.here(), host="elsewhere")
    now = time.time()
    assert owner.lives(beat=int(now * 1000), now=now + DEAD_AFTER - 1)
    assert not owner.lives(beat=int(now * 1000), now=now + DEAD_AFTER + 1)


def test_a_heartbeat_beats_until_the_block_ends() -> None:
    beaten = threading.Event()
    with Heartbeat(beaten.set, every=0.01):
        assert beaten.wait(10)
