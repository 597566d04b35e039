"""The share of a GPU that a trial may use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from common.errors import UserError
from experiments.training.context import TrialContext


@contextmanager
def gpu_share(context: TrialContext) -> Iterator[None]:
    """Limit PyTorch to the share of the GPU's memory that the context gives to one trial.

    Without a limit, one of several trials on a GPU could take the memory that the others need. On
    the CPU nothing happens.

    Raises:
        UserError: the memory was not enough.
    """
    if not context.device.startswith("cuda"):
        yield
        return
    import torch  # noqa: PLC0415  # takes a second, and most trials are on the CPU

    index = torch.device(context.device).index
    device = torch.cuda.current_device() if index is None else index
    torch.cuda.set_per_process_memory_fraction(1 / context.trials_per_gpu, device)
    try:
        yield
    except torch.OutOfMemoryError as error:
        total = torch.cuda.get_device_properties(device).total_memory / 2**30
        raise UserError(
            f"the memory of {context.device} was not enough: a trial may use "
            f"{total / context.trials_per_gpu:.1f} of its {total:.1f} GiB; choose fewer "
            "trials_per_gpu, a smaller batch_size, or device cpu"
        ) from error
    finally:
        torch.cuda.empty_cache()  # what a trial leaves behind would be missing to the others
