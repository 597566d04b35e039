"""Where models are trained."""

from pathlib import Path

import pytest
import torch

from common.errors import UserError
from experiments.training.context import TrialContext


def test_data_root_and_cache_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFLUENCE_DATA_ROOT", str(tmp_path / "data"))
    monkeypatch.setenv("INFLUENCE_CACHE", str(tmp_path / "cache"))
    context = TrialContext.from_environment(threads=2)
    assert context == TrialContext(tmp_path / "data", tmp_path / "cache", threads=2)
    assert TrialContext().data_root is None


@pytest.mark.parametrize("threads", [0, -1, 1025, 1.5, True, "2"])
def test_impossible_numbers_of_threads(threads: int, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"threads .*1024"):
        TrialContext(None, tmp_path, threads=threads)


@pytest.mark.parametrize(
    "device", ["gpuu", "", "meta", "cpu:1", "cuda:x", "cuda:-1", "cuda:", "x\n"]
)
def test_devices_that_torch_cannot_train_on(device: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="device") as error:
        TrialContext(None, tmp_path, device)
    assert len(str(error.value).splitlines()) == 1


def test_a_gpu_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cuda:99"):
        TrialContext(None, tmp_path, f"cuda:{max(99, torch.cuda.device_count())}")
