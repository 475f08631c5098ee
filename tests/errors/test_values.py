"""
What an error of decoding says of a Secret's value, once it is known to be one.
"""

from __future__ import annotations

import pytest

from kstore.errors import DecodeError


@pytest.mark.parametrize("message", ["'hunter2' is no number", "'hunter2' is not 'hunter2'", "no number"])
def test_values_are_left_out(message: str) -> None:
    """Wherever the message quotes them, and in whatever way it is shown; what else it says stays."""
    error = DecodeError(message, offset=7, path="data.password", quoted="'hunter2'")
    error.hide_values()
    for shown in (str(error), error.message, repr(error), str(error.args), str(vars(error))):
        assert "hunter2" not in shown
    assert error.message == message.replace("'hunter2'", "*****")
    assert str(error).endswith("at byte 7 in data.password")
    error.hide_values()
    assert error.message == message.replace("'hunter2'", "*****")


def test_what_quotes_nothing_stays() -> None:
    """An error without a value is the same afterwards."""
    error = DecodeError("it ends too early", where="/registry/secrets/d/s")
    before = str(error)
    error.hide_values()
    assert str(error) == before
