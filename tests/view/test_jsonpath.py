"""
kubectl's jsonpath.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.errors import KstoreError
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


@pytest.mark.parametrize("template", ["{.a", "{.a[}", "{end}", "{.a[?(@.b==)]}", "{.a]}"])
def test_broken_templates(template):
    """A template that is none is refused, without a traceback."""
    with pytest.raises(KstoreError):
        JsonPath(template).render(LIST)
