"""The fault harness in two lengths that tests can bear; ``harness.py`` is the long one."""

import subprocess
from pathlib import Path

import pytest
from harness import Harness


class InOrder(Harness):
    """Each kind of disturbance once, as soon as a trial runs."""

    def _next_kind(self) -> str:
        return self.kinds[sum(self.done.values())]

    def _comes_to_a_moment(self, driver: subprocess.Popen[bytes]) -> bool:
        return self._runs_a_trial(driver)

    def _tidy_up(self) -> None:
        """The last start was left to end by itself."""


@pytest.mark.faults
@pytest.mark.slow
def test_killed_once_each(tmp_path: Path) -> None:
    harness = InOrder(tmp_path, seed=0, wave=4, kinds=("driver", "worker"), dataset="wine")
    harness.run(kills=2)
    findings = harness.findings()
    assert harness.done == {"driver": 1, "worker": 1}
    assert harness.starts == 2  # one is killed, one loses a worker and goes on to the end
    assert not any(findings.values()), harness.report(findings)


@pytest.mark.services  # takes minutes
def test_killed_at_random_moments(tmp_path: Path) -> None:
    harness = Harness(tmp_path, seed=0, wave=8)
    harness.run(kills=6)
    findings = harness.findings()
    assert not any(findings.values()), harness.report(findings)
