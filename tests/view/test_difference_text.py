"""
Differences for people: cut to the terminal, long texts where they part, secrets masked.
"""

from __future__ import annotations

from kstore.differences import ADDED, CHANGED, REMOVED, Difference
from kstore.view.bar_table import FigureTable, Terminal, bar, figure_table_text
from kstore.view.difference_text import difference_lines
from kstore.view.mask import LAST_APPLIED, MASK

NARROW = Terminal(width=60)


def lines(*differences: Difference, secret: bool = False) -> list[str]:
    """The lines without their ends."""
    return [line.rstrip("\n") for line in difference_lines(differences, NARROW, secret=secret)]


def test_a_line_a_difference() -> None:
    """What came, went and changed."""
    assert lines(
        Difference("spec.a", ADDED, None, {"b": 1}),
        Difference("spec.b", REMOVED, [1], None),
        Difference("spec.c", CHANGED, 1, "1"),
    ) == ['  + spec.a: {"b": 1}', "  - spec.b: [1]", '  ~ spec.c: 1 → "1"']


def test_long_texts_where_they_part() -> None:
    """Of two long texts that begin alike the place is shown at which they part."""
    (line,) = lines(Difference("data", CHANGED, "x" * 500 + "old", "x" * 500 + "new"))
    assert "old" in line
    assert "new" in line
    assert len(line) < 100


def test_secrets_are_masked() -> None:
    """That a value of a Secret changed is shown, the value is not; nor is what kubectl copied."""
    found = lines(
        Difference("data.password", CHANGED, "b2xk", "bmV3"),
        Difference("data", ADDED, None, {"a": "b2xk"}),
        Difference(f"metadata.annotations[{LAST_APPLIED}]", CHANGED, "b2xk", "bmV3"),
        Difference("metadata.annotations", ADDED, None, {"n": "x", LAST_APPLIED: "b2xk"}),
        secret=True,
    )
    assert not any("b2xk" in line or "bmV3" in line for line in found)
    assert found[0] == f'  ~ data.password: "{MASK}" → "{MASK}"'
    assert '"n": "x"' in found[3]


def test_bars() -> None:
    """A bar is filled by eighths, and never empty for what is not nothing."""
    assert (bar(0, 4), bar(1, 4), bar(0.5, 4)) == ("    ", "████", "██  ")
    assert bar(0.0001, 4).strip() == "▏"


def test_a_table_keeps_to_the_terminal() -> None:
    """The first column gives way, its middle first."""
    table = FigureTable("T", ("KEY", "N"), [(("/registry/" + "x" * 80 + "/end", "1"), 0.5)])
    text = list(figure_table_text(table, NARROW))
    assert all(len(line) <= 61 for line in text)
    assert "…" in text[2]
    assert "/end" in text[2]
