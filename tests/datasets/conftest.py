"""Fixtures of the dataset tests."""

from collections.abc import Iterator

import pytest
from loopback_mirror import Mirror, running_mirror


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    """A server on the loopback interface."""
    with running_mirror() as served:
        yield served
