"""
kubectl's jsonpath.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.errors import KstoreError
from kstore.view import jsonpath, jsonpath_steps
from kstore.view.jsonpath import JsonPath

LIST: dict[str, Any] = {
    "kind": "List",
    "items": [
        {"kind": "None", "metadata": {"name": "127.0.0.1", "labels": {"a.b/c": "x"}}, "ready": True, "n": 1},
        {"kind": "None", "metadata": {"name": "127.0.0.2"}, "ready": False, "n": 2, "ports": [80, 443, 8080]},
    ],
    "users": [{"name": "myself"}, {"name": "e2e", "user": {"username": "admin"}}],
}


@pytest.mark.parametrize(
    ("template", "printed"),
    [
        ("kind is {.kind}", "kind is List"),
        ("{.items[*].metadata.name}", "127.0.0.1 127.0.0.2"),
        ("{.items[0].metadata.labels.a\\.b/c}", "x"),
        ("{.items[0].metadata.labels['a\\.b/c']}", "x"),
        ("{.items[-1].n}", "2"),
        ("{.items[1].ports[0:2]}", "80 443"),
        ("{.items[1].ports[::2]}", "80 8080"),
        ("{range .items[*]}[{.metadata.name}, {.ready}] {end}", "[127.0.0.1, true] [127.0.0.2, false] "),
        ("{range .items[*]}{.n}{'\\n'}{end}", "1\n2\n"),
        ('{.users[?(@.name=="e2e")].user.username}', "admin"),
        ("{.items[?(@.n>1)].metadata.name}", "127.0.0.2"),
        ("{.items[?(@.ready==true)].n}", "1"),
        ("{.items[?(@.ports)].n}", "2"),
        ("{..name}", "127.0.0.1 127.0.0.2 myself e2e"),
        ("{.items[*]['n','kind']}", "1 2 None None"),
        ("{.items[1].ports}", "[80,443,8080]"),
        ("{.nothing}", ""),
    ],
)
def test_templates(template, printed):
    """What kubectl's own documentation shows, and its corners: unions, slices, filters, escaped dots, ranges."""
    assert JsonPath(template).render(LIST) == printed


@pytest.mark.parametrize(
    ("slice_", "found"),
    [
        ("[0:3]", [80, 443, 8080]), ("[-3:-1]", [80, 443]), ("[3:3]", []), ("[2]", [8080]), ("[-3]", [80]),
        ("[0:4]", "index 3, length 3"), ("[3]", "index 3, length 3"), ("[-4]", "index -1, length 3"),
        ("[3:4]", "index 3, length 3"), ("[0:-4]", "index -2, length 3"), ("[2:1]", "starting index 2"),
    ],
)  # fmt: skip
def test_where_a_slice_ends(slice_: str, found: list[int] | str) -> None:
    """At most behind the last element; beyond it, as before the first, is an error."""
    template = JsonPath(f"{{.items[1].ports{slice_}}}")
    if isinstance(found, str):
        with pytest.raises(KstoreError, match=found):
            template.find(LIST)
    else:
        assert template.find(LIST) == [found]


def test_a_slice_of_several_lists() -> None:
    """What is null is passed over."""
    lists = {"l": [{"p": [1, 2]}, {"p": None}, {"p": [3]}]}
    assert JsonPath("{.l[*].p[0]}").find(lists) == [[1, 3]]
    assert JsonPath("{.l[*].p[0:1:1]}").find(lists) == [[1, 3]]


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{.items[1].ports[0:2:0]}", "step must be > 0"),
        ("{.items[?(@.ready>false)].n}", "invalid type for comparison"),
        ("{.items[?(@.n>1.5)].n}", "incompatible types for comparison"),
        ("{.items[?(@.n=='1')].n}", "incompatible types for comparison"),
    ],
)
def test_what_cannot_be_compared_or_cut(template: str, fault: str) -> None:
    """Truth values have no order, and a whole number is no fraction; nor does a slice stand still."""
    with pytest.raises(KstoreError, match=fault):
        JsonPath(template).find(LIST)


@pytest.mark.parametrize("template", ["{.a", "{.a[}", "{end}", "{.a[?(@.b==)]}", "{.a]}"])
def test_broken_templates(template):
    """A template that is none is refused, without a traceback."""
    with pytest.raises(KstoreError):
        JsonPath(template).render(LIST)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{range .items[*]}" * 300, "nested ranges"),
        ("{range .items[*]}" * 300 + "{.n}" + "{end}" * 300, "nested ranges"),
        ("{range .a}{.b}" * 9, "nested ranges"),
        ("{.n}" * 100_000, "characters"),
        ("{range ..}" * 6 + "x" + "{end}" * 6, "the template selects more than"),
        ("{" + "..b" * 60 + "}", "the path selects more than"),
    ],
)
def test_a_template_without_end_is_refused(template: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would run for minutes is an error, when it is read or when it has selected more than anybody looks at."""
    monkeypatch.setattr(jsonpath, "_MAX_RESULTS", 20_000)
    monkeypatch.setattr(jsonpath_steps, "_MAX_VALUES", 10_000)
    deep: dict[str, Any] = {"b": 1}
    for _ in range(60):
        deep = {"b": deep}
    with pytest.raises(KstoreError, match=words):
        JsonPath(template).render(deep)


def test_what_is_nested_and_harmless() -> None:
    """Ranges as deep as anybody writes them run, and each one that lacks its end still runs what follows twice."""
    nested: Any = "leaf"
    for _ in range(8):
        nested = {"a": [nested, nested]}
    assert JsonPath("{range .a[*]}" * 8 + "{@}," + "{end}" * 8).render(nested) == "leaf," * 2**8
    assert JsonPath("{range .a}" * 8 + "x").render({}) == "x"


def test_unions_that_multiply_are_looked_at_once() -> None:
    """What a template looks at is told in no time, however many ways its unions lead to the same members."""
    paths = JsonPath("{" + "['a','b']" * 40 + "}").paths
    assert 0 < len(paths) <= 2_000
    assert JsonPath("{.items" + "[0,0,0,0]" * 40 + "}").paths == [("items",)]
    assert max(map(len, JsonPath("{" + ".a" * 5_000 + "}").paths)) <= 100
