"""What pydantic finds wrong, in a few words."""

from __future__ import annotations

from pydantic import ValidationError


def first_problem(error: ValidationError) -> str:
    """Place and message of the first problem.

    >>> from pydantic import TypeAdapter
    >>> try:
    ...     TypeAdapter(dict[str, list[int]]).validate_python({"rows": [1, "x"]})
    ... except ValidationError as error:
    ...     print(first_problem(error))
    rows.1 Input should be a valid integer, unable to parse string as an integer
    """
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place} {first['msg']}".strip()
