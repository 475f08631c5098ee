"""
What looks left behind or broken and is in use: no command that is advised for it loses it.

Each kind of near miss has several stores; beside each stands one where the same advice is right.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from tests.inspect.findings.matrix import (
    DEFINITION,
    LAMP,
    SHRUNK,
    SOUND,
    api_service,
    as_stored,
    config_map,
    definition,
    lamp,
    obj,
    of_lamps,
)

from kstore.catalog.releases import newest
from kstore.inspect.checks import run_checks
from kstore.inspect.findings import Finding
from kstore.inspect.survey import Survey
from kstore.scheme.scheme import Scheme
from kstore.store import Store
from kstore.testing import MemorySource

SEALED = b"k8s:enc:aesgcm:v1:key1:" + bytes(range(60))
TEXT = json.dumps(config_map("a")).encode()
YAML = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: default\n"
KEY = "/registry/configmaps/default/a"
FOO = obj("foos.example.com/v1", "Foo", "x")
FOOS = "/registry/foos.example.com/foos/default/x"
Values = Mapping[str, "bytes | dict[str, Any]"]

IN_USE: dict[str, Values] = {
    # a server reads a built-in type in every encoding that it knows, as its last resort
    "YAML": {KEY: YAML},
    "YAML, a document": {KEY: b"---\n" + YAML},
    "YAML in base64": {KEY: base64.b64encode(YAML)},
    "YAML, in one line": {KEY: b"# by hand\n{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"},
    "JSON in base64": {KEY: base64.b64encode(TEXT)},
    "JSON behind a byte order mark": {KEY: b"\xef\xbb\xbf" + TEXT},
    "protobuf in base64": {KEY: base64.b64encode(as_stored(config_map("a")))},
    "a lone surrogate": {KEY: TEXT.replace(b'"name": "a"', b'"name": "a", "labels": {"a": "\\ud800"}')},
    "nothing": {KEY: b""},
    "blanks": {KEY: b" \n"},
    "null": {KEY: b"null"},
    "JSON without kind": {KEY: b'{"apiVersion":"v1","metadata":{"name":"a"},"data":{"a":"b"}}'},
    "JSON without version": {KEY: b'{"kind":"ConfigMap","metadata":{"name":"a"}}'},
    "an empty JSON object": {KEY: b"{}"},
    "YAML without kind": {KEY: b"data:\n  a: b\n"},
    # what others store below the prefix, in whatever form
    "bytes of a storage driver": {"/registry/driver/volume/a": b"\x00\x01\x02", "/registry/driver/lock": b""},
    "JSON of a storage driver": {"/registry/driver/volumes/a": b'{"size":1}'},
    "an aggregated server's own encoding": {
        **dict([api_service("zoo.example.com", "api")]), "/registry/zoo.example.com/cages/default/a": b"\x0a\x01z",
    },
    "an aggregated server's group of another name": {
        **dict([api_service("new.example.com")]), "/registry/new.example.com/foos/default/x": FOO,
    },
    # another cluster, whose prefix begins with this one's
    "a tenant's custom objects": {"/registry/tenant/foos.example.com/foos/default/x": FOO},
    "a tenant's broken objects": {"/registry/tenant/configmaps/default/a": b"k8s\0\xff", "/registry/tenant/x": b""},
    "a tenant below two": {"/registry/a/b/foos.example.com/foos/default/x": FOO},
    # what would explain an object cannot be read
    "a CRD that is encrypted": {DEFINITION: SEALED, LAMP: lamp()},
    "a CRD that is broken": {DEFINITION: b"{", LAMP: lamp()},
    "an APIService that is encrypted": {"/registry/apiregistration.k8s.io/apiservices/v1.x": SEALED, FOOS: FOO},
    "an APIService that is broken": {"/registry/apiregistration.k8s.io/apiservices/v1.x": b"k8s\0\xff", FOOS: FOO},
    # what other objects are served by, or within
    "a broken Namespace": {"/registry/namespaces/default": b"k8s\0\xff"},
    "a broken CRD": {DEFINITION: b"k8s\0\xff"},
    # encrypted by what kstore does not know
    "a provider of the future": {"/registry/secrets/default/a": b"k8s:enc:quantum:v7:key:\x00\x01"},
    "a provider, nothing behind it": {"/registry/secrets/default/a": b"k8s:enc:quantum:"},
}  # fmt: skip
LOST: dict[str, tuple[Values, str]] = {
    "cut protobuf": ({KEY: b"k8s\0\x0a\xff"}, KEY),
    "JSON, and more of it": ({KEY: TEXT + b"{}"}, KEY),
    "base64 of nothing that is known": ({KEY: base64.b64encode(b"\x01\x02\x03")}, KEY),
    "a JSON list": ({KEY: b"[]"}, KEY),
    "a word": ({KEY: b"hello"}, KEY),
    "a custom object that is empty": (of_lamps(b"").values, LAMP),
    "a custom object without kind": (of_lamps(b'{"apiVersion":"lab.example.com/v1"}').values, LAMP),
    "a custom object in YAML": (of_lamps(YAML.replace(b"v1", b"lab.example.com/v1")).values, LAMP),
    "a custom object in base64": (of_lamps(base64.b64encode(json.dumps(lamp()).encode())).values, LAMP),
    "an orphan": ({FOOS: FOO}, FOOS),
    "an orphan beside a CRD": ({**definition("v1"), FOOS: FOO}, FOOS),
}


def findings(values: Values, *, revision: int = 0, source: type[MemorySource] = MemorySource) -> list[Finding]:
    """What is found beside a sound store."""
    store = Store(source({**SOUND, **values}), Scheme(newest()), revision=revision)
    return run_checks(Survey(store, newest()))


def losing(found: list[Finding]) -> set[str]:
    """The keys that are advised to be deleted; nothing else that is advised drops anything."""
    commands = [command for one in found for command in one.advice]
    assert not any("--drop-unknown-fields" in command or "--force" in command for command in commands)
    return {command[2] for command in commands if command[1] == "delete" and "--dry-run" not in command}


@pytest.mark.large
@pytest.mark.parametrize("name", IN_USE)
def test_nothing_in_use_is_advised_to_be_deleted(name: str) -> None:
    """The findings, if any, say how to look further."""
    found = findings(IN_USE[name])
    assert losing(found) == set()
    assert all(one.advice or one.words for one in found)


@pytest.mark.parametrize("name", LOST)
def test_what_nothing_can_use_still_is(name: str) -> None:
    """No server reads it, or nobody serves it."""
    values, key = LOST[name]
    assert losing(findings(values)) == {key}


@pytest.mark.parametrize("name", LOST)
def test_an_old_revision_is_not_repaired(name: str) -> None:
    """What was broken at a revision may be whole now: nothing is advised that writes."""
    values, key = LOST[name]
    found = findings(values, revision=2)
    assert losing(found) == set()
    assert any(key == place for one in found for place, _ in one.keys)
    for one in found:
        assert all(command[1] in ("get", "ls", "history", "crds", "check") for command in one.advice)
        assert "at revision 2" in one.words


@pytest.mark.parametrize("first", ["a", "z"])
def test_a_resource_of_which_one_object_would_lose_fields_is_only_shown(first: str) -> None:
    """Whichever of them comes first: no migration of the resource is advised but its dry run."""
    last = "z" if first == "a" else "a"
    lamps = LAMP.rpartition("/")[0]
    whole, losing_one = (lamp("v1beta1", name, spec=spec) for name, spec in ((first, {"a": "1"}), (last, {"b": "2"})))
    found = findings({**SHRUNK, f"{lamps}/{first}": whole, f"{lamps}/{last}": losing_one})
    assert [(key, detail) for one in found for key, detail in one.keys if detail == "spec.b"] == [
        (f"{lamps}/{last}", "spec.b")
    ]
    migrations = [command for one in found for command in one.advice if command[1] == "migrate"]
    assert len(migrations) >= 2
    for command in migrations:
        assert ("--dry-run=diff" in command) is command[2].startswith("lamps.")
