from dataclasses import replace

from fake_trial import spec

from experiments.grid.estimate import Estimates
from experiments.grid.plan import Current, Plan, make_plan
from experiments.tracking.queries import FinishedRun

NOW = Current("now", {("wine", None, None): "these"})


def run(seed: int, run_id: str = "r", code: str = "now", data: str = "these") -> FinishedRun:
    return FinishedRun(run_id, spec(seed).spec_hash, code, "wine", data, "mlp", 4.0, 500.0)


def test_what_is_finished_is_not_run_again() -> None:
    plan = make_plan([spec(0), spec(1)], [run(0)], NOW)
    assert plan == Plan(finished=[spec(0)], to_run=[spec(1)])


def test_other_code_is_told_and_kept_unless_asked() -> None:
    plan = make_plan([spec(0)], [run(0, code="then")], NOW)
    assert (plan.finished, plan.other_code) == ([spec(0)], [spec(0)])
    again = make_plan([spec(0)], [run(0, code="then")], replace(NOW, changed_code="repeat"))
    assert (again.to_run, again.replaces) == ([spec(0)], {spec(0): ("r",)})


def test_other_data_is_repeated_unless_kept() -> None:
    plan = make_plan([spec(0)], [run(0, data="those")], NOW)
    assert (plan.to_run, plan.other_data) == ([spec(0)], [spec(0)])
    assert plan.replaces == {spec(0): ("r",)}
    kept = make_plan([spec(0)], [run(0, data="those")], replace(NOW, changed_data="keep"))
    assert kept.finished == [spec(0)]


def test_data_that_cannot_change_are_not_compared() -> None:
    plan = make_plan([spec(0)], [run(0, data="those")], replace(NOW, digests={}))
    assert plan.finished == [spec(0)]


def test_of_several_finished_runs_the_best_fitting_one_counts() -> None:
    runs = [run(0, "old", code="then"), run(0, "new"), run(0, "newer")]
    plan = make_plan([spec(0)], runs, NOW)
    assert plan.finished == [spec(0)]
    assert plan.duplicates == ["old", "newer"]
    assert plan.other_code == []


def test_estimates_come_from_runs_of_the_same_data_and_model() -> None:
    estimates = Estimates([run(0), replace(run(1), seconds=8.0, peak_rss_mib=700.0)])
    assert estimates.seconds(spec(5)).value == 6.0
    assert estimates.seconds(spec(5)).measured
    assert estimates.memory_mib(spec(5)) == 1024  # 1.25 * 700, in steps of 512
    other = spec(0, dataset="breast_cancer")
    assert not estimates.seconds(other).measured
    assert estimates.memory_mib(other) is None
    assert not Estimates([]).seconds(spec(0)).measured


def test_estimates_follow_the_share_of_the_dataset() -> None:
    half = Estimates([replace(run(0), subset=0.5)])
    assert half.seconds(spec(0)).value == 8.0
    assert half.memory_mib(spec(0)) is None  # more samples need more
    assert half.memory_mib(spec(0, subset=0.5)) == 1024
