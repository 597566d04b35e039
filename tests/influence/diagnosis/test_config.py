"""The configuration of the diagnosis."""

from __future__ import annotations

from dataclasses import fields

import pytest

from influence.diagnosis.config import DEFAULT


@pytest.mark.parametrize("part", [field.name for field in fields(DEFAULT)])
def test_every_setting_is_documented(part: str) -> None:
    config = getattr(DEFAULT, part)
    documented = type(config).__doc__ or ""
    assert [f.name for f in fields(config) if f"    {f.name}: " not in documented] == []
