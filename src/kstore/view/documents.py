"""
Many objects as one text: kubectl's List in YAML or JSON, a line an object, names.

Takes objects one at a time and yields text as it goes: a million objects need no more memory than one. Tables are
`text_table.py`'s business, what is hidden `mask.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from kstore.naming import gvk
from kstore.view.json_text import indented, to_json, to_json_line
from kstore.view.yaml_text import to_yaml

Objects = Iterable[dict[str, Any]]


def yaml_list(objects: Objects) -> Iterator[str]:
    """A v1 List in YAML, as `kubectl get -o yaml` prints several objects."""
    yield "apiVersion: v1\n"
    head = "items:\n"
    for obj in objects:
        yield head + to_yaml([obj])
        head = ""
    yield ("items: []\n" if head else "") + 'kind: List\nmetadata:\n  resourceVersion: ""\n'


def json_list(objects: Objects) -> Iterator[str]:
    """A v1 List in JSON, as `kubectl get -o json` prints several objects."""
    yield '{\n    "apiVersion": "v1",\n    "items": ['
    between = "\n        "
    for obj in objects:
        yield between + indented(to_json(obj), " " * 8)
        between = ",\n        "
    end = "]" if between[0] == "\n" else "\n    ]"
    yield end + ',\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n'


def json_lines(objects: Objects) -> Iterator[str]:
    """One object a line, members in the API's order."""
    return map(to_json_line, objects)


def names(objects: Objects) -> Iterator[str]:
    """`pod/webserver`, `deployment.apps/webserver`: what `kubectl get -o name` prints."""
    for obj in objects:
        metadata = obj.get("metadata")
        own = metadata.get("name", "") if isinstance(metadata, dict) else ""
        yield f"{_called(str(obj.get('apiVersion', '')), str(obj.get('kind', '')))}/{own}\n"


@lru_cache(maxsize=512)
def _called(api_version: str, kind: str) -> str:
    """What stands before the name; a store has few kinds and many objects."""
    name = gvk(api_version, kind)
    return f"{name.kind.lower()}{f'.{name.group}' if name.group else ''}"
