"""The share of a GPU that a trial may use, and the precision of its products."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from common.errors import UserError
from experiments.training.context import TrialContext
from experiments.training.gpu import gpu_share
from experiments.trial.resolve import resolve
from experiments.trial.result import TrialResult
from experiments.trial.run import run_trial

REQUEST = {"dataset": "digits_table", "model": "mlp", "glitch": "uniform_noise", "seed": 3}


def trial(tmp_path: Path, device: str, **changes: object) -> TrialResult:
    return run_trial(resolve(REQUEST | changes, None), TrialContext(None, tmp_path, device))


def f1_scores(result: TrialResult) -> dict[str, float]:
    return {name: value for name, value in result.metrics.items() if name.startswith("f1/")}


def test_the_cpu_has_no_shares(tmp_path: Path) -> None:
    with gpu_share(TrialContext(None, tmp_path, trials_per_gpu=2)):
        assert torch.zeros(1).sum() == 0


def test_tf32_needs_a_gpu(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="precision tf32 needs a CUDA device, got device 'cpu'"):
        trial(tmp_path, "cpu", precision="tf32")


def test_the_precisions_are_named() -> None:
    with pytest.raises(UserError, match=r"'tf23'.*float32, tf32"):
        _ = resolve(REQUEST | {"precision": "tf23"}, None).settings


@pytest.mark.gpu
def test_a_convex_model_scores_on_a_gpu_as_on_the_cpu(tmp_path: Path) -> None:
    # other models amplify differences of rounding, and dropout draws other numbers
    on_cpu, on_gpu = (
        trial(tmp_path, device, model="softmax_regression") for device in ("cpu", "cuda")
    )
    assert f1_scores(on_gpu) == pytest.approx(f1_scores(on_cpu), abs=0.01)


@pytest.mark.gpu
@pytest.mark.parametrize("model", ["mlp", "tabular_resnet", "ft_transformer"])
def test_equal_seeds_give_equal_bits(tmp_path: Path, model: str) -> None:
    on_gpu, again = (trial(tmp_path, "cuda", model=model, epochs=3) for _ in range(2))
    assert on_gpu.metrics == again.metrics
    np.testing.assert_array_equal(on_gpu.profile.positive, again.profile.positive)
    np.testing.assert_array_equal(on_gpu.profile.negative, again.profile.negative)


@pytest.mark.gpu
def test_precision_is_that_of_the_trial_alone(tmp_path: Path) -> None:
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    exact, rounded = (
        trial(tmp_path, "cuda", precision=precision) for precision in ("float32", "tf32")
    )
    assert not np.array_equal(exact.profile.positive, rounded.profile.positive)
    assert f1_scores(rounded) == pytest.approx(f1_scores(exact), abs=0.05)
    assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32) == before


@pytest.mark.gpu
def test_a_trial_gets_its_share_of_the_memory(tmp_path: Path) -> None:
    context = TrialContext(None, tmp_path, "cuda", trials_per_gpu=64)
    total = torch.cuda.get_device_properties(0).total_memory

    def allocate(context: TrialContext) -> None:
        with gpu_share(context):
            torch.empty(total // 16, dtype=torch.uint8, device="cuda")

    with pytest.raises(UserError, match=r"the memory of cuda was not enough.*trials_per_gpu"):
        allocate(context)
    allocate(replace(context, trials_per_gpu=1))
