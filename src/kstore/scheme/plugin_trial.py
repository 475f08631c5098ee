"""
A plugin's rules tried on random objects: each version to the hub and back must give the same bytes.

As upstream's round trip tests do it (`apimachinery/pkg/api/apitesting/roundtrip`): an object is defaulted first, and
what the plugin's own validation refuses, or a rule refuses with NotConvertible, counts as refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from kstore.catalog.releases import Release
from kstore.catalog.types import Kind
from kstore.decode.json import go_json
from kstore.errors import NotConvertible, RuleFailed
from kstore.naming import GroupVersionKind
from kstore.scheme.lost_members import EMPTY
from kstore.scheme.plugins import Plugin
from kstore.scheme.random_objects import RandomObjects, words_of
from kstore.scheme.scheme import Scheme


@dataclass(slots=True)
class Trial:
    """How one version of a kind fared."""

    gvk: GroupVersionKind
    hub: str
    """The hub's type; empty for a kind that has none, whose rules are run all the same."""
    same: int = 0
    """How many objects came back as the same bytes."""
    refused: int = 0
    """How many a rule or the plugin's validation refused."""
    failures: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What went wrong -> the first object that it happened to, before it was defaulted."""

    @property
    def nothing_tried(self) -> bool:
        """Whether every object was refused: then nothing is known."""
        return not self.same and not self.failures


def try_plugin(plugin: Plugin, release: Release, *, objects: int = 200, seed: int = 0) -> Iterator[Trial]:
    """
    Try every version of every kind of a plugin.

    Args:
        plugin: it holds, as all that are made do.
        release: whose rules, where they differ.
        objects: how many of each version.
        seed: the same objects each time for the same seed.
    """
    scheme = Scheme(release, plugins=[plugin])
    functions = [function for rules in plugin.rules for function in rules.functions]
    random = RandomObjects(scheme.catalog, words_of(functions))
    for row in plugin.tables.kinds:
        gvk = GroupVersionKind(row["group"], row["version"], row["kind"])
        kind = scheme.kind(gvk)
        trial = Trial(gvk, kind.hub)
        for number in range(objects):
            _try(scheme, gvk, random.of_kind(kind, f"{seed}/{gvk}/{number}"), trial)
        yield trial


def _try(scheme: Scheme, gvk: GroupVersionKind, obj: dict[str, Any], trial: Trial) -> None:
    kind = scheme.kind(gvk)
    try:
        if scheme.validate(gvk, obj):
            trial.refused += 1
            return
        typed = scheme.typed.read(kind.type, deepcopy(obj))
        scheme.default(gvk, typed)
        before = scheme.typed.present(kind.type, deepcopy(typed))
        scheme.convert(gvk, gvk, deepcopy(typed))  # canonicalize too, which may change what has no order
        scheme.there_and_back(gvk, typed)
        after = scheme.typed.present(kind.type, typed)
    except RuleFailed as error:
        trial.failures.setdefault(str(error), obj)
        return
    except NotConvertible:
        trial.refused += 1
        return
    if go_json.dumps(before) == go_json.dumps(after):
        trial.same += 1
    else:
        for text in _differences(before, after, kind):
            trial.failures.setdefault(text, obj)


def _differences(before: dict[str, Any], after: dict[str, Any], kind: Kind) -> Iterator[str]:
    """What became of the fields on the way, once for all elements of a list."""
    found = {(re.sub(r"\[\d+\]", "[]", path), what) for path, what in _changed(before, after, "")}
    for path, what in sorted(found) or [("the order of members", "changed")]:
        yield f"{path} is {what} on the way to {kind.hub} and back"


def _changed(before: Any, after: Any, path: str) -> Iterator[tuple[str, str]]:
    """The paths of the values that are not what they were, and whether they are lost or changed."""
    if isinstance(before, dict) and before:
        other = after if isinstance(after, dict) else {}
        for name in {**before, **other}:
            yield from _changed(before.get(name), other.get(name), f"{path}.{name}" if path else name)
    elif isinstance(before, list) and isinstance(after, list) and after:
        for index, value in enumerate(before):
            yield from _changed(value, after[index] if index < len(after) else None, f"{path}[{index}]")
    elif before != after:
        yield path, "lost" if after in EMPTY else "changed"
