import os
from collections.abc import Iterator
from unittest import mock

import pytest


@pytest.fixture(autouse=True)
def environment_stays_as_it_is() -> Iterator[None]:
    """Commands put a data root into the environment, for worker processes."""
    with mock.patch.dict(os.environ):
        yield
