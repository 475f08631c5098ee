"""
CRDs with all that a structural schema may say, and objects as clients may have left them, as text.

Each CRD has two versions, of which the second is stored; objects are stored in either.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
GROUP = "sea.example.com"
OPEN: Schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
TEXT: Schema = {"type": "string"}


def _object(properties: dict[str, Schema], **more: Any) -> Schema:
    return {"type": "object", "properties": properties, **more}


def _list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _map(values: Schema | bool, **more: Any) -> Schema:
    return {"type": "object", "additionalProperties": values, **more}


_POINT = _object({"x": {"type": "integer", "default": 3}, "y": {**TEXT, "default": "q"}})
_INNER = _object({"c": {"type": "integer", "default": 7}, "d": _list(_POINT, default=[{"x": 1}, {}])}, default={})
RICH = _object({
    "text": TEXT, "nullable": {**TEXT, "nullable": True}, "filled": {**TEXT, "default": "f"},
    "both": {**TEXT, "nullable": True, "default": "b"},
    "integer": {"type": "integer"}, "number": {"type": "number"}, "large": {"type": "number", "default": 1e21},
    "half": {"type": "number", "default": 1.5}, "whole": {"type": "number", "default": 2.0},
    "port": {"x-kubernetes-int-or-string": True}, "share": {"x-kubernetes-int-or-string": True, "default": "5%"},
    "free": OPEN, "nested": _object({"a": _object({"b": _INNER}, default={})}),
    "list": _list(_object({"k": TEXT, "v": {**TEXT, "default": "<\u2028é"}})),
    "lists": _list(_list(_POINT)),
    "byKey": _list(
        _object({"k": TEXT, "p": {**TEXT, "default": "TCP"}, "v": {"type": "integer", "default": 1}}, required=["k"]),
        **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k", "p"]},
    ),
    "set": _list(TEXT, **{"x-kubernetes-list-type": "set"}),
    "defaults": _list({**TEXT, "default": "z"}), "nulls": _list({**TEXT, "nullable": True}),
    "map": _map(_object({"d": {**TEXT, "default": "m"}})), "texts": _map({**TEXT, "default": "t"}),
    "atomic": _map({"type": "integer"}, **{"x-kubernetes-map-type": "atomic"}), "any": _map(True),
    "pod": {**OPEN, "x-kubernetes-embedded-resource": True},
    "pods": _list({**OPEN, "x-kubernetes-embedded-resource": True}),
    "known": _object({"spec": _object({"q": {"type": "integer", "default": 4}})},
                     **{"x-kubernetes-embedded-resource": True}),
    "replaced": _object({"z": {"type": "integer"}, "w": {**TEXT, "default": "W"}}, nullable=True, default={"z": 1}),
    "half-open": _object({"a": _object({"b": TEXT}), "l": _list(_object({"b": TEXT}))},
                         **{"x-kubernetes-preserve-unknown-fields": True}),
    "open-list": _list(_object({"a": TEXT, "h": _object({"b": TEXT})}),
                       **{"x-kubernetes-preserve-unknown-fields": True}),
})  # fmt: skip


def _plain(schema: Any) -> Any:
    """The same without defaults, but for the one that a key of a list must have."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _plain(one) for name, one in schema.items() if name != "default"}
    if "x-kubernetes-list-map-keys" in found:
        found["items"]["properties"]["p"]["default"] = "TCP"
    return found


PLAIN = _plain(RICH)
STATUS = _object({"phase": TEXT, "seen": {"type": "integer", "default": 1}}, default={"phase": "new"})


@dataclass(frozen=True)
class Definition:
    """A CRD, and the version in which its objects are stored and updated."""

    plural: str
    first: Schema
    second: Schema
    stored: str = "v1"
    updated: str = "v2"
    status: bool = False
    unserved: str = ""
    first_status: Schema | None = None
    preserves: bool = False
    """Whether it keeps what no schema knows, as only CRDs of v1beta1's time do: no server takes a new one."""

    @property
    def kind(self) -> str:
        """The kind."""
        return self.plural.removesuffix("s").capitalize()

    def manifest(self) -> dict[str, Any]:
        """The CRD as the API takes it."""
        return {
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{self.plural}.{GROUP}"},
            "spec": {
                "group": GROUP, "scope": "Namespaced", "names": {"plural": self.plural, "kind": self.kind},
                "versions": [self._version("v1", self.first), self._version("v2", self.second)],
            },
        }  # fmt: skip

    def stored_manifest(self) -> dict[str, Any]:
        """The same as a server has left it in etcd."""
        found = self.manifest()
        names = found["spec"]["names"]
        names |= {"singular": self.kind.lower(), "listKind": f"{self.kind}List"}
        found["spec"]["preserveUnknownFields"] = self.preserves
        found["metadata"] |= {"uid": f"crd-{self.plural}", "creationTimestamp": "2020-01-01T00:00:00Z"}
        conditions = [
            {"type": name, "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z", "reason": "", "message": ""}
            for name in ("NamesAccepted", "Established")
        ]
        return found | {"status": {"conditions": conditions, "acceptedNames": names, "storedVersions": ["v1", "v2"]}}

    def _version(self, name: str, spec: Schema) -> dict[str, Any]:
        status = (self.first_status if name == "v1" else None) or OPEN
        return {
            "name": name, "served": name != self.unserved, "storage": name == "v2",
            "schema": {"openAPIV3Schema": _object({"spec": copy.deepcopy(spec), "status": status})},
            **({"subresources": {"status": {}}} if self.status else {}),
        }  # fmt: skip


DEFINITIONS = (
    Definition("ones", RICH, RICH, stored="v2"),
    Definition("twos", PLAIN, RICH),
    Definition("threes", RICH, PLAIN, status=True),
    Definition("fours", PLAIN, RICH, updated="v1", unserved="v2"),
    Definition("fives", RICH, PLAIN, stored="v2", updated="v1", unserved="v2"),
    Definition("eights", RICH, PLAIN, stored="v2", updated="v1", unserved="v2", status=True, first_status=STATUS),
    Definition("sevens", PLAIN, RICH, stored="v2", updated="v1", unserved="v2"),
    Definition("nines", PLAIN, RICH, preserves=True),
    Definition("tens", PLAIN, RICH, updated="v1", unserved="v2", preserves=True),
    Definition("elevens", RICH, PLAIN, stored="v2", updated="v1", unserved="v2", status=True, preserves=True),
)

_NUMBERS = (
    "1.0,1e21,-0.0,0.0,1e-7,1e-6,123456789012345678,9223372036854775807,9223372036854775808,-9223372036854775808,"
    "-9223372036854775809,1e3,1e18,1e20,100000000000000000000,1.10,-0,5e-324,1.7976931348623157e308,0.1e1,"
    "12345678901234567890.5,9.3e18,18446744073709551615,123456789012345678901234567890"
)
SPECS = {
    "empty": "{}", "numbers": '{"free":{"n":[%s]}}' % _NUMBERS, "minus": '{"number":-0.0}',  # noqa: UP031
    "one": '{"number":1.0}', "large": '{"number":1e21,"integer":1e3}', "float": '{"integer":1.0}',
    "unicode": r'{"text":"h\u00e9\ud83d\ude00<>&\u2028\u0000\u007f\ud800\/\b\f"}',
    "names": r'{"free":{"z":1,"a":2,"Z":3,"\u00e9":1,"\ud83d\ude00":2,"\uffff":3,"":4," ":5,"<":6}}',
    "nulls": '{"text":null,"nullable":null,"filled":null,"both":null,"integer":null,"free":null,"list":null,"map":null,'
             '"replaced":null,"nested":null,"pod":null,"port":null,"share":null}',
    "inner-nulls": '{"list":[null,{"k":null,"v":null}],"defaults":[null,"a"],"nulls":[null],"map":{"a":null,"b":{}},'
                   '"texts":{"a":null},"free":{"a":null,"b":[null]},"lists":[[{"x":null}],[]]}',
    "nested": '{"nested":{}}', "nested-deeper": '{"nested":{"a":{"b":{"d":[{},{"y":null}]}}}}',
    "list": '{"list":[{},{"k":"1"},{"junk":1}],"lists":[[{},{"x":2.0}],[]]}',
    "by-key": '{"byKey":[{"k":"a"},{"k":"b","p":"UDP"}],"set":["a","b"],"atomic":{"a":1,"b":2.0}}',
    "map": '{"map":{"a":{},"b":{"d":"x","junk":1}},"texts":{"a":"1"},"any":{"a":{"b":1}}}',
    "port": '{"port":1.0,"share":5}', "port-text": '{"port":"3"}',
    "pod": '{"pod":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","labels":{"a":"b"},"creationTimestamp":null,'
           '"junk":1,"generation":1.0},"spec":{"a":1.0}},"pods":[{"apiVersion":"v1","kind":"X","metadata":{}},'
           '{"apiVersion":"v1","kind":"X"}]}',
    "pod-metadata": '{"pod":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","managedFields":[],"finalizers":[],'
                    '"creationTimestamp":"2020-01-01T00:00:00Z","selfLink":"/x","resourceVersion":"5"}}}',
    "pod-malformed": '{"pod":{"apiVersion":"v1","kind":"Pod","metadata":{"name":1,"labels":{"a":1}}}}',
    "known": '{"known":{"apiVersion":"v1","kind":"X","metadata":{"name":"q"},"spec":{},"junk":5}}',
    "junk": '{"junk":{"a":1},"replaced":{"z":2,"junk":1}}',
    "half-open": '{"half-open":{"x":{"y":1},"a":{"b":"1","junk":2},"l":[{"b":"1","junk":1}]},'
                 '"open-list":[{"a":"1","junk":1,"h":{"b":"x","junk":2}}]}',
    "deep": '{"free":%s1%s}' % ('{"a":' * 300, "}" * 300),  # noqa: UP031
    "deep-list": '{"free":{"a":%s%s}}' % ("[" * 400, "]" * 400),  # noqa: UP031
    "twice": '{"text":"a","text":"b","free":{"a":1,"a":{"b":2},"a":{"c":3}}}',
    "space": '{ "text" : "x" ,\n "free" : { "a":[ ] } }',
}  # fmt: skip
METADATA = {
    "links": ',"resourceVersion":"12","selfLink":"/apis/x"', "link-number": ',"resourceVersion":12',
    "empty-members": ',"labels":null,"annotations":{},"finalizers":[],"deletionTimestamp":null',
    "owners": ',"ownerReferences":[%s,%s]' % (('{"apiVersion":"v1","kind":"A","name":"a","uid":"1"}',) * 2),
    "unknown": ',"junk":1,"clusterName":"c"', "malformed": ',"labels":{"a":1},"annotations":{"b":"c"}',
}  # fmt: skip
GENERATIONS = {"absent": "", "zero": '"generation":0,', "text": '"generation":"3",', "float": '"generation":3.0,'}
TAILS = {"status": ',"status":{"n":1.0,"z":-0.0,"phase":null}', "no-status": ',"status":null'}


def objects(definition: Definition) -> Iterator[tuple[str, bytes]]:
    """Yield names and values as they are stored."""

    def value(name: str, spec: str = "{}", metadata: str = "", generation: str = '"generation":1,', tail: str = "") -> bytes:  # noqa: E501  # fmt: skip
        head = f'{{"apiVersion":"{GROUP}/{definition.stored}","kind":"{definition.kind}"'
        meta = f'{generation}"creationTimestamp":"2020-01-01T00:00:00Z","name":"{name}","namespace":"default"'
        return f'{head},"metadata":{{{meta},"uid":"{name}"{metadata}}},"spec":{spec}{tail}}}\n'.encode()

    for name, spec in SPECS.items():
        yield name, value(name, spec)
    for name, metadata in METADATA.items():
        yield name, value(name, metadata=metadata)
    for name, generation in GENERATIONS.items():
        yield name, value(name, generation=generation)
    for name, tail in TAILS.items():
        yield name, value(name, tail=tail)
    yield "no-spec", value("no-spec", "null")
