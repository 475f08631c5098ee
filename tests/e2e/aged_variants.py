"""
Objects of any age, made of whole ones: fields taken away one by one and by the release they came in, old versions.

The whole ones are of every kind that a release stores, as its server took and answered them
(`tests/golden/whole-*.jsonl.xz`). When a field came the tables know.
"""

from __future__ import annotations

import copy
import json
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path as FilePath
from typing import Any

from tests.e2e.aged_objects import Aged, Object

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release
from kstore.catalog.resources import resources_of
from kstore.catalog.types import TypeRef
from kstore.decode.json.raw_json import RawJSON
from kstore.errors import KstoreError
from kstore.naming import GroupKind, GroupVersionKind, gvk
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

GOLDEN = FilePath(__file__).parents[1] / "golden"
KEPT_WHOLE = {
    "CustomResourceDefinition": "the server's own controller panics where a part of spec is missing",
    "FlowSchema": "the server's own controller panics where a part of spec is missing",
    "PriorityLevelConfiguration": "the server's own controller panics where a part of spec is missing",
}
"""Kinds of whose spec nothing is taken away, and why."""
KEPT_WHOLE_THEN = {
    ("1.29", "ValidatingAdmissionPolicy"): "without matchConstraints each write panics, and the server does not start",
}
"""The same, of one release."""
OLDEST = 17
"""The oldest minor release whose types are known."""
MOST = 120
"""Fields of an object that are taken away one by one."""

Path = tuple[str | int, ...]


class Variants:
    """
    Aged variants for servers of one release.

    Args:
        release: whose servers the objects are migrated for.
    """

    def __init__(self, release: str) -> None:
        self._scheme = Scheme(Release(release))
        self._catalog = self._scheme.catalog
        self._codec = ObjectCodec(self._scheme)
        self._count = 0
        self._places: dict[GroupKind, str] = {}
        for resource in resources_of(self._scheme.release):
            self._places.setdefault(GroupKind(resource.group, resource.kind), resource.key_prefix)

    def all(self) -> Iterator[Aged]:
        """Every variant of one object of each kind that the release stores."""
        for whole in whole_objects(str(self._scheme.release)):
            seen: list[Object] = []
            for variant, media_type in self._variants(whole):
                if variant in seen:
                    continue
                seen.append(variant)
                yield self._named(variant, media_type)

    def _variants(self, served: Object) -> Iterator[tuple[Object, str]]:
        name = gvk(served["apiVersion"], served["kind"])
        stored = self._scheme.stored_as(name)
        assert stored is not None
        whole = _plain(self._codec.convert_object(_text(served), stored))
        target = GroupVersionKind(stored.group, stored.version, name.kind)
        type_name = self._scheme.kind(target).type
        yield whole, "json"
        bare = copy.deepcopy(whole)
        for member in ("managedFields", "generation"):
            bare["metadata"].pop(member, None)
        yield bare, "protobuf"
        for minor in range(OLDEST, self._scheme.release.minor):
            yield self._as_of(bare, type_name, minor), "protobuf"
        yield self._managed(whole, bare, target), "protobuf"
        for path in list(_paths(bare, self._kept(name.kind)))[:MOST]:
            yield _without(bare, path), "protobuf"
        for version in self._scheme.targets(target):
            if version != target and self._catalog.holds(version):
                try:
                    value = self._codec.encode(bare)
                    yield _plain(self._codec.convert_object(value, version.group_version)), "protobuf"
                except KstoreError:
                    continue

    def _kept(self, kind: str) -> set[str]:
        is_kept = kind in KEPT_WHOLE or (str(self._scheme.release), kind) in KEPT_WHOLE_THEN
        return {"spec"} if is_kept else set()

    def _managed(self, whole: Object, bare: Object, target: GroupVersionKind) -> Object:
        """The object with managedFields that speak of every version that its kind ever had, and of none."""
        versions = sorted({one.api_version for one in self._scheme.targets(target)} | {"gone.example.com/v1"})
        own = (whole["metadata"].get("managedFields") or [{"fieldsV1": RawJSON(b'{"f:metadata":{"f:labels":{}}}')}])[0]
        entries = [
            {"manager": f"m-{version}", "operation": "Update", "apiVersion": version, "time": "2020-01-02T03:04:05Z",
             "fieldsType": "FieldsV1", "fieldsV1": own["fieldsV1"]}
            for version in versions
        ]  # fmt: skip
        return {**copy.deepcopy(bare), "metadata": {**bare["metadata"], "managedFields": entries}}

    def _as_of(self, obj: Object, type_name: str, minor: int) -> Object:
        """The object without the fields that came after a release."""
        found = copy.deepcopy(obj)
        _prune(Catalog(Release(f"1.{minor}")), type_name, found)
        return found

    def _named(self, obj: Object, media_type: str) -> Aged:
        self._count += 1
        found = copy.deepcopy(obj)
        metadata = found["metadata"]
        metadata |= {"name": f"v{self._count}", "uid": f"00000000-0000-0000-0000-{self._count:012}"}
        for member in ("resourceVersion", "ownerReferences"):
            metadata.pop(member, None)
        called = NAMED.get(found["kind"])
        if called is not None:
            called(found, self._count)
        place = self._places[GroupKind(gvk(found["apiVersion"], found["kind"]).group, found["kind"])]
        namespace = f"/{metadata['namespace']}" if metadata.get("namespace") else ""
        return Aged(f"/registry/{place}{namespace}/{metadata['name']}", found, media_type, self._served(found))

    def _served(self, obj: Object) -> str:
        """The version in which a server of the release serves an object."""
        named = gvk(obj["apiVersion"], obj["kind"])
        stored = self._scheme.stored_as(named)
        versions = sorted(self._scheme.targets(named), key=lambda one: one.group_version != stored)
        return next(one.api_version for one in versions if self._catalog.serves(one))


def whole_objects(release: str) -> list[Object]:
    """The whole objects that `tests/golden/record_whole.py` has recorded of a release."""
    packed = (GOLDEN / f"whole-{release}.jsonl.xz").read_bytes()
    return [json.loads(line) for line in lzma.decompress(packed).splitlines()]


# ---- objects whose name says what they are, or that need something of their own


def _service(obj: Object, count: int) -> None:
    """Each needs an address of its own, or the server's repair of them fails."""
    spec = obj.get("spec") or {}
    for member in ("clusterIP", "clusterIPs"):
        if spec.get(member):
            address = f"10.96.{8 + count // 250}.{count % 250 + 1}"
            spec[member] = address if member == "clusterIP" else [address]


def _definition(obj: Object, count: int) -> None:
    group = f"g{count}.example.com"
    obj["metadata"]["name"] = f"seeds.{group}"
    if (obj.get("spec") or {}).get("group"):
        obj["spec"]["group"] = group


def _api_service(obj: Object, count: int) -> None:
    group = f"a{count}.example.com"
    obj["metadata"]["name"] = f"v1.{group}"
    if (obj.get("spec") or {}).get("group"):
        obj["spec"]["group"] = group


def _eviction(obj: Object, count: int) -> None:
    uid = f"00000000-0000-4000-8000-{count:012}"
    obj["metadata"]["name"] = uid
    pod = ((obj.get("spec") or {}).get("target") or {}).get("pod") or {}
    if pod.get("uid"):
        pod["uid"] = uid


def _address(obj: Object, count: int) -> None:
    obj["metadata"]["name"] = f"10.98.{count // 250}.{count % 250 + 1}"


def _job(obj: Object, _count: int) -> None:
    """Its selector and its template's labels say which Job it is."""
    spec, metadata = obj.get("spec") or {}, obj["metadata"]
    template = (spec.get("template") or {}).get("metadata") or {}
    for labels in ((spec.get("selector") or {}).get("matchLabels") or {}, template.get("labels") or {}):
        for name in labels:
            if name.endswith("controller-uid"):
                labels[name] = metadata["uid"]
            elif name.endswith("job-name"):
                labels[name] = metadata["name"]


def _lease_candidate(obj: Object, _count: int) -> None:
    """One that has not been renewed for long is removed by the server's own controller."""
    if (obj.get("spec") or {}).get("renewTime"):
        obj["spec"]["renewTime"] = "2100-01-02T03:04:05.000006Z"


def _priority_class(obj: Object, _count: int) -> None:
    """No more than one may be the default."""
    if obj.get("globalDefault"):
        obj["globalDefault"] = False


def _namespace(obj: Object, _count: int) -> None:
    obj["metadata"].pop("labels", None)


def _prefixed(prefix: str) -> Callable[[Object, int], None]:
    def name(obj: Object, count: int) -> None:
        obj["metadata"]["name"] = f"{prefix}{count}"

    return name


NAMED: dict[str, Callable[[Object, int], None]] = {
    "APIService": _api_service,
    "ClusterTrustBundle": _prefixed("example.com:signer:v"),
    "CustomResourceDefinition": _definition,
    "Eviction": _eviction,
    "IPAddress": _address,
    "Job": _job,
    "LeaseCandidate": _lease_candidate,
    "Namespace": _namespace,
    "PriorityClass": _priority_class,
    "Service": _service,
    "StorageVersion": _prefixed("example.com.seeds"),
}


def _text(obj: Object) -> bytes:
    return json.dumps(obj, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    """Without values in types of their own, but for raw JSON."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, RawJSON) else copy.copy(value)


def _prune(catalog: Catalog, struct: str, obj: Object) -> None:
    """Take the members away that the release's type does not have, at every level, in place."""
    fields = {}
    for field in catalog.struct(struct).fields:
        if field.inline:
            fields |= {one.json: one for one in catalog.struct(field.type.name).fields}
        elif field.json:
            fields[field.json] = field
    for name in list(obj):
        if name not in fields:
            del obj[name]
        else:
            _prune_value(catalog, fields[name].type, obj[name])


def _prune_value(catalog: Catalog, ref: TypeRef, value: Any) -> None:
    if ref.form == "struct" and isinstance(value, dict):
        _prune(catalog, ref.name, value)
    elif ref.element is not None and isinstance(value, list):
        for item in value:
            _prune_value(catalog, ref.element, item)
    elif ref.element is not None and isinstance(value, dict):
        for item in value.values():
            _prune_value(catalog, ref.element, item)


def _paths(obj: Object, kept: set[str]) -> Iterator[Path]:
    """The places below the object, but for its metadata, its type and what is kept, outer ones first."""
    waiting: list[tuple[Path, Any]] = [
        ((name,), obj[name]) for name in obj if name not in {"kind", "apiVersion", "metadata", *kept}
    ]
    while waiting:
        path, value = waiting.pop(0)
        yield path
        if isinstance(value, dict):
            waiting += [((*path, name), item) for name, item in value.items()]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            waiting += [((*path, 0, name), item) for name, item in value[0].items()]


def _without(obj: Object, path: Path) -> Object:
    found: Any = copy.deepcopy(obj)
    holder = found
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    result: Object = found
    return result
