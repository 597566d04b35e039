"""The short form of the fault harness; ``harness.py`` is the long one."""

from pathlib import Path

import pytest
from harness import Harness


@pytest.mark.services  # takes minutes
def test_a_grid_whose_worker_and_driver_are_killed_loses_nothing(tmp_path: Path) -> None:
    harness = Harness(tmp_path, seed=0, wave=4, kinds=("worker", "driver"))
    harness.run(kills=2)
    findings = harness.findings()
    assert not any(findings.values()), harness.report(findings)
