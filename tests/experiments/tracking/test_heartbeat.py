import time

from experiments import schema
from experiments.tracking.heartbeat import kept_alive
from experiments.tracking.tracker import Tracker, client


def test_the_heartbeat_of_a_run_moves_on_while_the_block_runs(tracker: Tracker) -> None:
    run_id = client(tracker.uri).create_run(tracker.experiment_id).info.run_id
    with kept_alive(tracker, run_id, every=0.01):
        deadline = time.monotonic() + 60
        beats: set[str | None] = set()
        while len(beats - {None}) < 2 and time.monotonic() < deadline:
            beats.add(tracker.run(run_id).data.tags.get(schema.HEARTBEAT))
    assert len(beats - {None}) >= 2
