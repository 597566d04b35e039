from fake_trial import spec

from experiments.execution.job import Task
from experiments.execution.outcome import Outcome
from experiments.execution.queue import FRUITLESS, TaskQueue


def queue_of(count: int, attempts: int = 3) -> tuple[TaskQueue, list[Outcome]]:
    ended: list[Outcome] = []
    return TaskQueue([Task(spec(seed)) for seed in range(count)], attempts, ended.append), ended


def finished(number: int) -> Outcome:
    return Outcome(spec(number).spec_hash, "finished")


def test_trials_come_in_order_and_end_once() -> None:
    queue, ended = queue_of(2)
    assert [queue.take(), queue.take(), queue.take()] == [0, 1, None]
    assert not queue.over
    for number in (1, 0):
        queue.report(number, finished(number))
    assert queue.over
    assert ended == [finished(1), finished(0)]


def test_a_lost_trial_waits_again_until_its_attempts_are_used_up() -> None:
    queue, ended = queue_of(1)
    for _ in range(3):
        assert queue.take() == 0
        queue.lost(0, "its worker process died")
    assert queue.over
    (outcome,) = ended
    assert (outcome.ending, outcome.error) == ("failed", "its worker process died")


def test_a_trial_that_fails_by_itself_does_not_wait_again() -> None:
    queue, ended = queue_of(1)
    queue.take()
    queue.report(0, Outcome(spec(0).spec_hash, "failed", error="wrong"))
    assert queue.over
    assert len(ended) == 1


def test_a_stopped_queue_begins_nothing_and_reports_the_rest() -> None:
    queue, ended = queue_of(3)
    queue.take()
    queue.stopping = True
    assert queue.take() is None
    assert queue.over
    queue.report(0, finished(0))
    queue.abandon()
    assert [outcome.ending for outcome in ended] == ["finished", "stopped", "stopped"]


def test_what_was_put_back_costs_no_attempt() -> None:
    queue, ended = queue_of(1, attempts=1)
    queue.take()
    queue.put_back(0)
    assert queue.take() == 0
    queue.report(0, finished(0))
    assert ended == [finished(0)]


def test_the_queue_stops_when_the_machine_fails_again_and_again() -> None:
    queue, ended = queue_of(20)
    for _ in range(FRUITLESS):
        number = queue.take()
        assert number is not None
        queue.lost(number, "No space left on device")
    assert queue.over
    assert queue.reason == f"{FRUITLESS} trials in a row failed: No space left on device"
    queue.abandon()
    assert len(ended) == 20
