"""Settings of property tests, and tests that need a GPU.

Property tests try 50 examples each; ``--hypothesis-profile=ci`` tries 1,000, ``many`` 100,000.
"""

import pytest
from hypothesis import HealthCheck, settings

_COMMON = settings(
    deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=True
)
settings.register_profile("few", _COMMON, max_examples=50, derandomize=True)
settings.register_profile("ci", _COMMON, max_examples=1_000, derandomize=True)
settings.register_profile("many", _COMMON, max_examples=100_000)
settings.load_profile("few")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests marked ``gpu`` on a machine without a CUDA device."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch  # noqa: PLC0415  # the tests of light commands check that nothing loads it

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs a GPU"))
