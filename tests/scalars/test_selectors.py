"""
Label selectors as kubectl reads them.
"""

from __future__ import annotations

import pytest

from kstore.scalars.selectors import SelectorError, parse_label_selector

LABELS = {"app": "web", "tier": "front", "replicas": "3", "empty": ""}


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app!=web", False),
        ("missing!=web", True),
        ("app", True),
        ("!app", False),
        ("!missing", True),
        ("app in (web, api)", True),
        ("app notin (web)", False),
        ("missing notin (web)", True),
        ("replicas>2", True),
        ("replicas<3", False),
        ("replicas gt 2", None),
        ("empty=", True),
        ("empty in ()", True),
        ("app=web,tier=back", False),
        (" app = web , tier in (front) ", True),
        ("app in (web", None),
        ("app=web=x", None),
        ("app=a b", None),
        ("-app=web", None),
        ("app in (we b)", None),
        ("a/b/c=d", None),
        (",", None),
        ("app=web\0", True),
        ("app\0=web\0,tier=front\0", True),
        ("app=web \0b", True),
        ("app=web\0b", None),
        ("app=\0\0web", False),
    ],
)
def test_selectors(selector, selected):
    """Each operator on labels that are there and that are not; what the grammar does not know is refused (None)."""
    if selected is None:
        with pytest.raises(SelectorError):
            parse_label_selector(selector)
    else:
        assert parse_label_selector(selector).matches(LABELS) is selected


def test_long_names_are_refused():
    """A label value has at most 63 characters, a prefix 253."""
    with pytest.raises(SelectorError):
        parse_label_selector(f"app={'x' * 64}")
    assert parse_label_selector(f"app={'x' * 63}").matches({"app": "x" * 63})
    with pytest.raises(SelectorError):
        parse_label_selector(f"{'x' * 254}/app=a")


def test_selectors_of_extreme_size() -> None:
    """A thousand terms and a hundred thousand characters are read and match; more are refused, not repeated."""
    selector = parse_label_selector(",".join(f"k{number}!=v" for number in range(1000)))
    assert selector.matches({"k1": "w"})
    assert not selector.matches({"k999": "v"})
    values = ",".join(f"v{number}" for number in range(14_000))
    assert parse_label_selector(f"a in ({values})").matches({"a": "v13999"})
    for text in (",".join(["a"] * 1001), f"a in ({'x' * 100_000})"):
        with pytest.raises(SelectorError, match=r"more than 1000 terms|at most 100000") as refused:
            parse_label_selector(text)
        assert len(str(refused.value)) < 200
