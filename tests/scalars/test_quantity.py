"""
Quantities are read and printed as `resource.ParseQuantity` and `Quantity.String` do.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.scalars.quantity import MILLI, canonical, parse_quantity


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1500m", "1500m"),
        ("1000m", "1"),
        ("0.1", "100m"),
        (".5", "500m"),
        ("100000", "100k"),
        ("2Gi", "2Gi"),
        ("1024Ki", "1Mi"),
        ("1000Ki", "1000Ki"),
        ("0.5Gi", "512Mi"),
        ("1.5Gi", "1536Mi"),
        ("0.1Ki", "102400m"),
        ("1e3", "1e3"),
        ("1E3", "1E3"),
        ("1000E3", "1e6"),
        ("1000e3", "1e6"),
        ("12E", "12E"),
        ("00", "0"),
        ("-0", "0"),
        ("0Gi", "0"),
        ("-3", "-3"),
        ("1n", "1n"),
        ("0.1n", "1n"),
        ("-0.1n", "-1n"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("9223372036854775808Ki", "9223372036854775807"),
    ],
)
def test_canonical_form(text: str, expected: str) -> None:
    """The canonical form has the suffix that needs no fraction, rounds up at nano and caps binary amounts."""
    assert expected == canonical(text)


@pytest.mark.parametrize("text", ["", "1.2.3", "abc", "1 Gi", "1Gib", "--1", "1e", "1k1", "\uff11"])
def test_no_quantity(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match=r"quantit|suffix|numeric"):
        parse_quantity(text)


def test_kept_text() -> None:
    """Go keeps the text of a quantity that its quick check takes for canonical, sign and all."""
    assert canonical("+5") == "+5"


@pytest.mark.parametrize(("text", "expected"), [("1500u", "2m"), ("-1500u", "-2m"), ("3m", "3m"), ("2", "2")])
def test_rounding_up_to_milli(text: str, expected: str) -> None:
    """Amounts are rounded away from zero."""
    assert expected == str(parse_quantity(text).rounded_up(MILLI))


@given(
    st.integers(-(10**25), 10**25), st.sampled_from(["", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "E-2"])
)
def test_canonical_form_is_stable(number: int, suffix: str) -> None:
    """What was printed is printed the same again."""
    once = canonical(f"{number}{suffix}")
    assert once == canonical(once)
