"""Any command line gives options or an error of one line."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import cli
from common.errors import UserError
from experiments.commands.audit_options import AuditOptions
from experiments.commands.doctor import DoctorOptions
from experiments.commands.grid_options import GridOptions
from experiments.commands.repair_options import RepairOptions
from experiments.commands.trial_options import TrialOptions
from experiments.trial.spec import TrialSpec

pytestmark = pytest.mark.slow

COMMANDS = {
    "grid": (GridOptions,),
    "trial": (TrialOptions, TrialSpec),
    "audit": (AuditOptions,),
    "repair": (RepairOptions,),
    "doctor": (DoctorOptions,),
}
VALUES = st.sampled_from(["", "true", "no", "0", "-1", "1e999", "nan", "a", "--", "*"]) | st.text()


def words(classes: tuple[type, ...]) -> st.SearchStrategy[list[str]]:
    """Command lines of their options and of any values, without a request for help."""
    flags = [f"--{f.name.replace('_', '-')}" for cls in classes for f in fields(cls)]
    values = VALUES.filter(lambda word: not word.startswith(("-h", "--help")))
    return st.lists(st.sampled_from(flags) | values, max_size=8)


LINES = {command: words(classes) for command, classes in COMMANDS.items()}


@pytest.mark.parametrize("command", COMMANDS)
@given(st.data())
def test_any_command_line(command: str, data: st.DataObject) -> None:
    classes = COMMANDS[command]
    argv = data.draw(LINES[command])
    try:
        values = cli.given("command", "A command.", argv, *classes)
        own = {f.name for f in fields(classes[0])}
        options = cli.build(classes[0], {k: v for k, v in values.items() if k in own})
    except UserError as error:
        message = str(error)
        assert message.isprintable()
        assert "\n" not in message
    else:
        assert isinstance(options, classes[0])
