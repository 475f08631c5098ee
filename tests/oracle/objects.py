"""
Hypothesis strategies that fill any stored type, by the catalog's own tables.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from kstore.catalog.json_layout import layout
from kstore.catalog.loader import Catalog
from kstore.catalog.types import INTEGERS, Kind, TypeRef

# values that defaulting and conversion ask for; any other string means no more to them than these do not
WORDS = """
a b v1 v1beta1 apps/v1 default Deployment Pod web.example.com 0 1 80% cpu memory nginx nginx:1.27 registry/x@sha256:0
RollingUpdate Recreate OnDelete Always Never IfNotPresent OnFailure ClusterFirst ClusterIP NodePort LoadBalancer
ExternalName TCP UDP SCTP HTTP HTTPS Cluster Local None IPv4 IPv6 SingleStack PreferDualStack Allow Forbid Replace
Utilization AverageValue Value Resource Pods Object External ContainerResource Max Min Immediate
WaitForFirstConsumer Delete Retain Recycle Filesystem Block Ignore Fail Equivalent Exact Webhook Limited Exempt
Queue Reject User Group ServiceAccount ByUser NonIndexed Indexed Opaque RuntimeDefault Localhost Parallel OrderedReady
Exists In NotIn Namespaced PathPrefix ImplementationSpecific ReadWriteOnce NoSchedule True False Unknown
""".split()  # noqa: SIM905 - words read better than a list of quotes
STRINGS = st.sampled_from(WORDS) | st.text(st.characters(codec="utf-8"), max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
BITS = {"int32": 32, "int64": 64, "int": 64, "uint8": 8, "int16": 16, "uint16": 16, "uint32": 32, "uint64": 64}
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": STRINGS,
    "bool": st.booleans(),
    "float64": st.floats(-1e20, 1e20),
    "bytes": st.binary(max_size=6).map(lambda content: base64.b64encode(content).decode()),
    "Time": TIMES.map(lambda time: f"{time:%Y-%m-%dT%H:%M:%S}Z"),
    "MicroTime": TIMES.map(lambda time: f"{time:%Y-%m-%dT%H:%M:%S.%f}Z"),
    "Duration": st.integers(-(2**62), 2**62).map(lambda nanos: f"{nanos}ns"),
    "Quantity": st.from_regex(
        r"-?[0-9]{1,4}(\.[0-9]{1,3})?(n|u|m|k|M|G|T|Ki|Mi|Gi|e[0-9]|E)?",
        fullmatch=True,
        alphabet="0123456789.-numkMGTKie E",
    ),
    "IntOrString": st.integers(-(2**31), 2**31 - 1) | STRINGS,
    "RawExtension": st.dictionaries(st.text(max_size=4), JSON, max_size=2),
    "FieldsV1": st.dictionaries(st.text(max_size=4), JSON, max_size=2),
    "JSON": JSON,
}
DEEPEST = 9


class _Lazily(dict[str, Any]):
    """Strategies made when they are first drawn from: types are recursive."""

    def __init__(self, makers: dict[str, Any]) -> None:
        self.makers = makers

    def __missing__(self, name: str) -> Any:
        self[name] = self.makers[name]()
        return self[name]


class Filler:
    """Fills the types of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._structs: dict[tuple[str, int], st.SearchStrategy[dict[str, Any]]] = {}

    def objects(self, kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
        """Objects of a kind, as JSON storage would hold them."""
        head = {"kind": kind.kind, "apiVersion": f"{kind.group}/{kind.version}".lstrip("/")}

        def object_of(members: dict[str, Any]) -> dict[str, Any]:
            return {**members, **head, "metadata": {**(members.get("metadata") or {}), "name": "x"}}

        return self._struct(kind.type, 0).map(object_of)

    def _struct(self, name: str, depth: int) -> st.SearchStrategy[dict[str, Any]]:
        """The strategy of a struct, made once: hypothesis wants the same object for the same choice."""
        key = (name, min(depth, DEEPEST))
        if key not in self._structs:
            self._structs[key] = self._members(name, depth)
        return self._structs[key]

    def _members(self, name: str, depth: int) -> st.SearchStrategy[dict[str, Any]]:
        fields = layout(self.catalog, name).members
        values = _Lazily({one: lambda ref=field.type: self._value(ref, depth + 1) for one, field in fields.items()})

        @st.composite
        def members(draw: st.DrawFn) -> dict[str, Any]:
            few = 6 if depth < 3 else 3 if depth < DEEPEST else 0
            chosen = draw(st.lists(st.sampled_from(list(fields)), unique=True, max_size=few)) if fields and few else []
            if depth == 0 and "spec" in fields:
                chosen = list(dict.fromkeys([*chosen, "spec"]))
            return {one: draw(values[one]) for one in chosen}

        return members()

    def _value(self, ref: TypeRef, depth: int) -> st.SearchStrategy[Any]:
        value = self._set(ref, depth)
        return st.one_of(value, value, value, value, st.none()) if ref.nilable else value

    def _set(self, ref: TypeRef, depth: int) -> st.SearchStrategy[Any]:
        if ref.form == "struct":
            return self._struct(ref.name, depth)
        if ref.form == "union":
            return self._union(ref.name, depth)
        if ref.element is not None:
            element = self._set(ref.element, depth)
            return st.dictionaries(STRINGS, element, max_size=2) if ref.form == "map" else st.lists(element, max_size=2)
        if ref.name in INTEGERS:
            bits = BITS[ref.name]
            low, high = (0, 2**bits - 1) if ref.name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
            return st.integers(max(low, -2), min(high, 500)) | st.integers(low, high)
        return SCALARS[ref.name]

    def _union(self, name: str, depth: int) -> st.SearchStrategy[Any]:
        schema = self._struct(name.rpartition(".")[0] + ".JSONSchemaProps", depth)
        if name.endswith("OrBool"):
            return st.booleans() | schema
        return schema | st.lists(schema if name.endswith("OrArray") else STRINGS, min_size=1, max_size=2)
