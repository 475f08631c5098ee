"""
Custom resources converted by their CRD.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release
from kstore.customresource.converter import Converted, CustomConverter
from kstore.customresource.definition import CustomDefinition
from kstore.customresource.unstructured import write
from kstore.decode.json import go_json
from kstore.decode.json.raw_json import RawJSON
from kstore.decode.json.typed_json import TypedJson
from kstore.errors import DecodeError, NotConvertible, UnknownFields
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

CRD: dict[str, Any] = {
    "kind": "CustomResourceDefinition",
    "apiVersion": "apiextensions.k8s.io/v1",
    "metadata": {"name": "boats.harbour.example.com"},
    "spec": {
        "group": "harbour.example.com",
        "names": {"plural": "boats", "kind": "Boat"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": False,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "sails": {"type": "integer", "default": 1},
                                    "rig": {"type": "string"},
                                },
                            }
                        },
                    }
                },
            },
            {
                "name": "v2",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "sails": {"type": "integer"},
                                    "crew": {"type": "integer", "default": 2},
                                },
                            }
                        },
                    }
                },
            },
        ],
    },
}
BOAT: dict[str, Any] = {
    "apiVersion": "harbour.example.com/v1",
    "kind": "Boat",
    "metadata": {"name": "gull", "namespace": "port", "uid": "u", "creationTimestamp": "2026-01-02T03:04:05Z"},
    "spec": {"rig": "sloop"},
}


def converter(crd: dict[str, Any] = CRD, review: Any = None, release: str = "1.37") -> CustomConverter:
    return CustomConverter(CustomDefinition.of(crd), TypedJson(Catalog(Release(release))), review)


def with_webhook() -> dict[str, Any]:
    crd = copy.deepcopy(CRD)
    crd["spec"]["conversion"] = {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"]}}
    return crd


def one(answer: list[Any]) -> Converted:
    assert isinstance(answer[0], Converted), answer[0]
    return answer[0]


def test_strategy_none_renames_prunes_and_defaults():
    """Defaults of the stored version, then only apiVersion changes, then the target prunes and defaults."""
    found = one(converter().convert([BOAT], "v2"))
    assert found.object["apiVersion"] == "harbour.example.com/v2"
    assert found.object["spec"] == {"sails": 1, "crew": 2}
    assert found.pruned == ("spec.rig",)
    assert BOAT["spec"] == {"rig": "sloop"}, "what was given is not changed"


def test_what_is_served_lacks_the_targets_defaults():
    """A server that reads defaults in the stored version only; the target's are set by whoever writes."""
    assert one(converter().convert([BOAT], "v2", served=True)).object["spec"] == {"sails": 1}
    assert one(converter().convert([BOAT], "v1", served=True)).object["spec"] == {"sails": 1, "rig": "sloop"}


def test_what_no_version_knows_is_refused():
    """A field that not even the stored version's schema has is unknown: dropped only when asked."""
    strange = {**BOAT, "spec": {"rig": "sloop", "colour": "red"}}
    answer = converter().convert([strange, BOAT], "v2")
    assert isinstance(answer[0], UnknownFields)
    assert answer[0].paths == ("spec.colour",)
    assert isinstance(answer[1], Converted), "the other object goes on"
    assert one(converter().convert([strange], "v2", drop_unknown_fields=True)).object["spec"] == {"sails": 1, "crew": 2}


def test_metadata_goes_through_objectmeta():
    """Unknown and malformed members of a stored object's metadata are dropped; a missing generation becomes 1."""
    odd = {**BOAT, "metadata": {"name": "gull", "labels": "none", "colour": "red"}}
    assert one(converter().convert([odd], "v1")).object["metadata"] == {"name": "gull", "generation": 1}


def test_defaults_are_as_the_server_holds_them():
    """Numbers are int64 or float64, and an embedded resource's metadata is one, whatever stands in the schema."""
    embedded = {"kind": 5, "metadata": {"name": "n", "colour": "red", "labels": "none"}}
    crd = copy.deepcopy(CRD)
    crd["spec"]["versions"][1]["schema"]["openAPIV3Schema"]["properties"] = {
        "length": {"type": "number", "default": RawJSON(b"2.0")},
        "cargo": {
            "type": "object",
            "x-kubernetes-embedded-resource": True,
            "x-kubernetes-preserve-unknown-fields": True,
            "default": RawJSON(json.dumps(embedded).encode()),
        },
    }
    found = one(converter(crd).convert([{**BOAT, "spec": {}}], "v2", drop_unknown_fields=True)).object
    assert found["cargo"] == {"metadata": {"name": "n"}}
    assert b'"length":2,' in write(found)


def test_metadata_that_is_none():
    """null is an ObjectMeta without anything; what is no object at all is passed through below, and refused above."""
    crd = copy.deepcopy(CRD)
    cargo = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"] = {"cargo": cargo}
    boats = [{**BOAT, "cargo": {"metadata": found}} for found in (None, "x")]
    empty, odd = converter(crd).convert([{**boats[0], "metadata": None}, boats[1]], "v2", drop_unknown_fields=True)
    assert empty.object["metadata"] == {"generation": 1}
    assert odd.object["apiVersion"] == "harbour.example.com/v2", "v2 has no cargo, so that nobody looks at it again"
    assert isinstance(converter(crd).convert([boats[1]], "v1", drop_unknown_fields=True)[0], DecodeError)


def test_stored_bytes_are_sorted_json():
    """Members are sorted at every level, HTML is escaped, a newline ends the value; floats are as Go prints them."""
    obj = one(converter({**CRD, "spec": {**CRD["spec"], "preserveUnknownFields": True}}).convert(
        [{**BOAT, "spec": {"b": 1.0, "a": 1e21, "big": 1 << 70, "html": "<&>"}}], "v1"
    )).object  # fmt: skip
    assert write(obj) == (
        b'{"apiVersion":"harbour.example.com/v1","kind":"Boat","metadata":{"creationTimestamp":"2026-01-02T03:04:05Z",'
        b'"generation":1,"name":"gull","namespace":"port","uid":"u"},'
        b'"spec":{"a":1e+21,"b":1,"big":1.1805916207174113e+21,"html":"\\u003c\\u0026\\u003e","sails":1}}\n'
    )


def test_a_webhook_is_asked_once_for_all():
    """All objects of another version go out together; those of the target stay at home."""
    asked = []

    def review(objects: list[Any], api_version: str) -> list[Any]:
        asked.append((len(objects), api_version))
        return [{**one, "apiVersion": api_version, "spec": {"sails": 7}} for one in objects]

    already = {**BOAT, "apiVersion": "harbour.example.com/v2", "spec": {"sails": 3}}
    answers = converter(with_webhook(), review).convert([BOAT, already, BOAT], "v2")
    assert asked == [(2, "harbour.example.com/v2")]
    assert [answer.object["spec"]["sails"] for answer in answers] == [7, 3, 7]


def test_a_webhook_changes_labels_and_annotations_only():
    """Of metadata a webhook's labels and annotations count; the rest is as it was."""

    def review(objects: list[Any], api_version: str) -> list[Any]:
        metadata = {**objects[0]["metadata"], "labels": {"a": "b"}, "resourceVersion": "9", "finalizers": ["x/y"]}
        return [{**objects[0], "apiVersion": api_version, "metadata": metadata}]

    found = one(converter(with_webhook(), review).convert([BOAT], "v2")).object["metadata"]
    assert found == {**BOAT["metadata"], "generation": 2, "labels": {"a": "b"}}, "v2 has a default more"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"apiVersion": "harbour.example.com/v1"}, "returned apiVersion"),
        ({"kind": "Ship"}, "returned kind"),
        ({"metadata": None}, "without metadata"),
        ({"metadata": {**BOAT["metadata"], "name": "tern"}}, "changed metadata.name"),
        ({"metadata": {**BOAT["metadata"], "labels": {"a": 1}}}, "no strings"),
        ({"metadata": {**BOAT["metadata"], "labels": {"a b": ""}}}, "no qualified name"),
        ({"metadata": {**BOAT["metadata"], "labels": {"a": "b c"}}}, "no valid value"),
        ({"metadata": {**BOAT["metadata"], "annotations": {"a": "x" * 300_000}}}, "bytes"),
    ],
)
def test_what_a_webhook_must_not_do(change, complaint):
    """An answer that is another object, or breaks metadata, is refused for that object."""
    converted = converter(
        with_webhook(), lambda objects, target: [{**objects[0], "apiVersion": target, **change}]
    ).convert([BOAT], "v2")
    assert isinstance(converted[0], NotConvertible)
    assert complaint in str(converted[0])


def test_no_such_version():
    """A version that the CRD lacks is refused, with those that it has."""
    with pytest.raises(NotConvertible, match="no version v3"):
        converter().convert([BOAT], "v3")


def test_a_webhook_out_of_reach():
    """A CRD with a webhook converts nothing without one."""
    with pytest.raises(NotConvertible, match="webhook"):
        converter(with_webhook()).convert([BOAT], "v2")


def test_not_a_definition():
    """What lacks the members of a CRD is no definition."""
    with pytest.raises(DecodeError, match="not a CustomResourceDefinition"):
        CustomDefinition.of({"spec": {}})


LAB = CustomDefinition.of(
    {
        "metadata": {"name": "ns.n.lab"},
        "spec": {
            "group": "n.lab",
            "names": {"plural": "ns", "kind": "N"},
            "versions": [
                {
                    "name": "v1",
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": {
                                    "type": "object",
                                    "x-kubernetes-preserve-unknown-fields": True,
                                    "properties": {
                                        "e": {
                                            "type": "object",
                                            "x-kubernetes-embedded-resource": True,
                                            "x-kubernetes-preserve-unknown-fields": True,
                                        }
                                    },
                                }
                            },
                        }
                    },
                }
            ],
        },
    }
)


def lab(spec: bytes, metadata: bytes = b'{"generation":1,"name":"a"}') -> bytes:
    """An object of `LAB`, as text."""
    return b'{"apiVersion":"n.lab/v1","kind":"N","metadata":' + metadata + b',"spec":' + spec + b"}"


@pytest.mark.parametrize(
    ("spec", "written"),
    [
        (b'{"b":1,"a":1,"b":{"c":2},"b":{"d":3}}', b'{"a":1,"b":{"d":3}}'),
        (b'{"a":"x\xff","\xe4":[-0,1.0]}', '{"a":"x\ufffd","\ufffd":[0,1]}'.encode()),
        (
            b'{"a":' * 900 + b'{"z": 1.50,"b":1e2,"z":"\xff"}' + b"}" * 900,
            b'{"a":' * 900 + b'{"b":100,"z":"\xef\xbf\xbd"}' + b"}" * 900,
        ),
        (b'{"a":' * 9990 + b"1" + b"}" * 9990, b'{"a":' * 9990 + b"1" + b"}" * 9990),
    ],
    ids=["a name twice", "no UTF-8", "deep", "as deep as Go reads"],
)  # fmt: skip
def test_what_the_apiserver_reads_is_read(spec: bytes, written: bytes) -> None:
    """JSON that no server writes is read as a server reads it, and written as it would write it."""
    codec = ObjectCodec(Scheme(Release("1.37")))
    (converted,) = CustomConverter(LAB, codec.scheme.typed).convert([codec.decode(lab(spec)).object], "v1")
    assert isinstance(converted, Converted)
    odd = b"1.0" in spec  # a float64 when it is read, an int64 when that is printed and read
    assert write(converted.object) == lab(written, b'{"generation":%d,"name":"a"}' % (2 if odd else 1)) + b"\n"


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (lab(b"{}"), ""),
        (lab(b"{}", b"null"), ""),
        (lab(b'{"e":{"metadata":{"name":1,"labels":{"a":"b"}}}}'), ""),
        (lab(b'{"e":{"kind":1}}'), ""),
        (lab(b"{}", b'"text"'), "a string ('text') where an object was expected in metadata"),
        (lab(b"{}", b"[]"), "a list where an object was expected in metadata"),
        (lab(b'{"e":{"metadata":"text"}}'), "a string ('text') where an object was expected in spec.e.metadata"),
        (lab(b'{"e":{"metadata":[1]}}'), "a list where an object was expected in spec.e.metadata"),
    ],
)
def test_what_the_apiserver_cannot_read(value: bytes, fault: str) -> None:
    """Metadata that is no object, of the object or of one embedded in it, fails every list of the resource."""
    codec = ObjectCodec(Scheme(Release("1.37")))
    found = CustomConverter(LAB, codec.scheme.typed).fault(codec.decode(value).object)
    assert str(found or "") == fault


STATUS: dict[str, Any] = copy.deepcopy(CRD)
"""As `CRD`, but v2 has a status subresource, and a default within it."""
STATUS["spec"]["versions"][1]["subresources"] = {"status": {}}
_V2 = STATUS["spec"]["versions"][1]["schema"]["openAPIV3Schema"]["properties"]
_V2["status"] = {"type": "object", "properties": {"afloat": {"type": "boolean", "default": True}}}


@pytest.mark.parametrize("apart", [True, False])
def test_a_status_counts_unless_it_is_a_subresource(apart: bool) -> None:
    """A default of the new version within it is a change of the object as any other."""
    crd = copy.deepcopy(STATUS)
    for version in crd["spec"]["versions"]:
        version.pop("subresources", None)
    old, new = (version["schema"]["openAPIV3Schema"]["properties"] for version in crd["spec"]["versions"])
    old["status"] = {"type": "object", "properties": {"afloat": {"type": "boolean"}}}
    assert new["status"]["properties"]["afloat"]["default"] is True
    if apart:
        crd["spec"]["versions"][1]["subresources"] = {"status": {}}
    boat = {name: value for name, value in BOAT.items() if name != "spec"}
    boat |= {"status": {}, "metadata": {**BOAT["metadata"], "generation": 3}}
    found = one(converter(crd).convert([boat], "v2"))
    assert found.object["metadata"]["generation"] == (3 if apart else 4)


@pytest.mark.parametrize(
    ("crd", "change", "generation"),
    [
        (CRD, {"spec": {"rig": "sloop"}}, 4),
        (CRD, {"spec": {"crew": 3}, "apiVersion": "harbour.example.com/v2"}, 3),
        (CRD, {"spec": {}, "apiVersion": "harbour.example.com/v2"}, 3),
        (STATUS, {"spec": {"crew": 3}, "apiVersion": "harbour.example.com/v2", "status": {}}, 3),
        (CRD, {}, 4),
    ],
    ids=["a default of v2", "none is missing", "was read with it", "in a status that counts apart", "as it stands"],
)
def test_defaults_of_the_new_version_raise_the_generation(crd: Any, change: Any, generation: int) -> None:
    """What an update changes beside metadata counts; defaults of the version that is read change nothing."""
    boat = {**BOAT, **change, "metadata": {**BOAT["metadata"], "generation": 3}}
    (found,) = converter(crd).convert([boat], "v2", drop_unknown_fields=True)
    assert isinstance(found, Converted)
    assert found.object["metadata"]["generation"] == generation
    (again,) = converter(crd).convert([found.object], "v2")
    assert again == Converted(found.object, ()), "a second time changes nothing"


def test_metadata_is_written_as_a_server_writes_it() -> None:
    """No selfLink, no resourceVersion, each owner once, managedFields sorted."""
    owner = {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "n-1"}
    fields = {"operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {}}}
    entries = [{"manager": name, "apiVersion": f"harbour.example.com/{version}", **fields}
               for name, version in (("b", "v1"), ("a", "v2"))]  # fmt: skip
    more = {"selfLink": "/x", "resourceVersion": "7", "ownerReferences": [owner, owner], "managedFields": entries}
    boat = {**BOAT, "metadata": {**BOAT["metadata"], **more}}
    found = one(converter().convert([boat], "v1")).object["metadata"]
    assert not found.keys() & {"selfLink", "resourceVersion"}
    assert found["ownerReferences"] == [owner]
    assert [entry["manager"] for entry in found["managedFields"]] == ["a", "b"]


@pytest.mark.parametrize(("release", "kept"), [("1.29", []), ("1.36", []), ("1.37", ["b", "a"])])
@pytest.mark.parametrize(
    ("version", "spec"), [("v0", {}), ("v1", {"sails": "two"})], ids=["of no version", "of another type"]
)
def test_managed_fields_that_a_server_fails_to_update(
    release: str, kept: list[str], version: str, spec: dict[str, Any]
) -> None:
    """All are dropped up to 1.36, and stay as they are since: those of a version that is gone, of a wrong value."""
    fields = {"operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {}}}
    entries = [{"manager": name, "apiVersion": f"harbour.example.com/{one}", **fields}
               for name, one in (("b", "v1"), ("a", version))]  # fmt: skip
    boat = {**BOAT, "spec": {**BOAT["spec"], **spec}, "metadata": {**BOAT["metadata"], "managedFields": entries}}
    found = one(converter(release=release).convert([boat], "v1")).object["metadata"]
    assert [entry["manager"] for entry in found.get("managedFields", [])] == kept


@pytest.mark.parametrize("text", ["-0.0", "-0e3", "7.0", "12e2", "1e18"])
def test_whole_numbers_become_integers_for_good(text: str) -> None:
    """A float64 without a fraction is an int64 once it was printed and read; the second migration finds it so."""
    codec = ObjectCodec(Scheme(Release("1.37")))
    lab_converter = CustomConverter(LAB, codec.scheme.typed)
    (first,) = lab_converter.convert([codec.decode(lab(b'{"a":[%s]}' % text.encode())).object], "v1")
    assert isinstance(first, Converted)
    written = write(first.object)
    assert written == lab(b'{"a":[%d]}' % float(text), b'{"generation":2,"name":"a"}') + b"\n"
    (second,) = lab_converter.convert([codec.decode(written).object], "v1")
    assert isinstance(second, Converted)
    assert write(second.object) == written


def test_a_float_that_is_printed_beyond_an_int64_stays_one() -> None:
    """-2^63 is printed with fewer digits, and then lies below what an int64 holds: read again, it is a float64."""
    codec = ObjectCodec(Scheme(Release("1.37")))
    (first,) = CustomConverter(LAB, codec.scheme.typed).convert(
        [codec.decode(lab(b'{"a":[-9223372036854775809,-9223372036854775808]}')).object], "v1"
    )
    assert isinstance(first, Converted)
    assert b"[-9223372036854776000,-9223372036854775808]" in write(first.object)


@pytest.mark.parametrize(
    ("stored", "generation"),
    [(b"3.0", 3), (b"3e0", 3), (b"3.5", 1), (b'"3"', 1), (b"1e19", 1), (b"-0.0", 1)],
)
def test_numbers_of_metadata_are_read_as_they_are_printed(stored: bytes, generation: int) -> None:
    """A float64 without a fraction is an integer there; what is none is dropped."""
    codec = ObjectCodec(Scheme(Release("1.37")))
    obj = codec.decode(lab(b"{}", b'{"generation":%s,"name":"a"}' % stored)).object
    (found,) = CustomConverter(LAB, codec.scheme.typed).convert([obj], "v1")
    assert isinstance(found, Converted)
    assert found.object["metadata"]["generation"] == generation


def test_a_generation_is_not_counted_beyond_its_last() -> None:
    """A server refuses an object with a later one."""
    last = (1 << 63) - 1
    boat = {**BOAT, "metadata": {**BOAT["metadata"], "generation": last}}
    assert one(converter().convert([boat], "v2", drop_unknown_fields=True)).object["metadata"]["generation"] == last


def unserved(*names: str, status: bool = False) -> dict[str, Any]:
    """The CRD with versions that nobody can ask for."""
    crd = copy.deepcopy(CRD)
    for version in crd["spec"]["versions"]:
        version["served"] = version["name"] not in names
        if status:
            version["subresources"] = {"status": {}}
            properties = version["schema"]["openAPIV3Schema"]["properties"]
            properties["status"] = {"type": "object", "properties": {
                "wet": {"type": "boolean", "default": version["name"] == "v1"}}}  # fmt: skip
    return crd


@pytest.mark.parametrize(
    ("crd", "version", "spec", "generation"),
    [
        (unserved("v2"), "v1", {"sails": 1, "crew": 2}, 3),
        (unserved("v2"), "v2", {"sails": 1, "crew": 2}, 4),
        (unserved("v1"), "v2", {"crew": 2}, 3),
        (unserved("v1", "v2"), "v2", {"crew": 2}, 3),
    ],
    ids=["read in v1", "updated in v1", "only v2 is served", "none is served"],
)
def test_a_storage_version_that_is_not_served(crd: Any, version: str, spec: Any, generation: int) -> None:
    """
    Updates are asked for in the version that discovery prefers: its defaults are set, too, and count as a change; those
    of the storage version are set by whoever reads the object next.
    """
    boat = {**BOAT, "apiVersion": f"harbour.example.com/{version}", "spec": {}}
    boat["metadata"] = {**boat["metadata"], "generation": 3}
    found = one(converter(crd).convert([boat], "v2")).object
    assert (found["spec"], found["metadata"]["generation"]) == (spec, generation)
    assert one(converter(crd).convert([found], "v2")).object == found


@pytest.mark.parametrize(
    ("preserves", "spec"), [(True, {"sails": 1, "crew": 2, "rig": None}), (False, {"sails": 1, "crew": 2})]
)
def test_nulls_stay_where_nothing_is_pruned(preserves: bool, spec: Any) -> None:
    """A CRD of v1beta1's time may keep what its schemas do not know, and keeps nulls that they do not allow, too."""
    crd = unserved("v2")
    crd["spec"]["preserveUnknownFields"] = preserves
    boat = {**BOAT, "apiVersion": "harbour.example.com/v1", "spec": {"rig": None}}
    assert one(converter(crd).convert([boat], "v2")).object["spec"] == spec


def test_the_status_has_no_defaults_of_a_version_that_is_not_stored() -> None:
    """Where it is a subresource an update leaves the status as it was read: with the stored version's defaults."""
    boat = {**BOAT, "apiVersion": "harbour.example.com/v2", "spec": {}, "status": {}}
    assert one(converter(unserved("v2", status=True)).convert([boat], "v2")).object["status"] == {"wet": False}


def unserved_with_webhook() -> dict[str, Any]:
    """The CRD, v2 not served, and a webhook on the way."""
    return {**unserved("v2"), "spec": {**unserved("v2")["spec"], "conversion": with_webhook()["spec"]["conversion"]}}


def renaming(asked: list[str], refused: str = "") -> Any:
    """A webhook that has `crew` of v2 as `rig` of v1, loses nothing else, and notes what it is asked for."""

    def review(objects: list[Any], target: str) -> list[Any]:
        asked.append(target.rpartition("/")[2])
        old, new = ("rig", "crew") if target.endswith("v2") else ("crew", "rig")
        return [
            NotConvertible("not this one")
            if one["metadata"]["name"] == refused
            else {
                **one,
                "apiVersion": target,
                "spec": {new if name == old else name: value for name, value in one["spec"].items()},
            }
            for one in objects
        ]

    return review


@pytest.mark.parametrize(
    ("version", "spec", "found", "generation", "asked"),
    [
        ("v2", {"crew": 3}, {"sails": 1, "crew": 3}, 4, ["v1", "v2", "v1", "v2"]),
        ("v2", {"sails": 5}, {"sails": 5, "crew": 2}, 3, ["v1", "v2"]),
        ("v1", {"rig": 4}, {"sails": 1, "crew": 4}, 3, ["v2", "v1", "v2"]),
        ("v2", {"sails": 5, "crew": 6}, {"sails": 5, "crew": 6}, 3, ["v1", "v2"]),
    ],
    ids=["a default of v1", "a default of v2", "stored in v1", "nothing to do"],
)
def test_updates_ask_the_webhook_on_both_ways(
    version: str, spec: Any, found: Any, generation: int, asked: list[str]
) -> None:
    """
    They are asked for in the version that is served: its defaults count as a change, those with which an object is read
    do not; and one update follows the other until nothing changes.
    """
    boat = {**BOAT, "apiVersion": f"harbour.example.com/{version}", "spec": spec}
    boat["metadata"] = {**boat["metadata"], "generation": 3}
    ways: list[str] = []
    made = one(converter(unserved_with_webhook(), renaming(ways)).convert([boat], "v2")).object
    assert (made["apiVersion"], made["spec"], made["metadata"]["generation"]) == (
        "harbour.example.com/v2",
        found,
        generation,
    )
    assert ways == asked
    assert one(converter(unserved_with_webhook(), renaming([])).convert([made], "v2")).object == made


def test_what_a_webhook_refuses_stays_where_nothing_must_be_converted() -> None:
    """No update can write it; of an older version it is the reason why it cannot be migrated."""
    boats = [{**BOAT, "apiVersion": f"harbour.example.com/{version}", "spec": {}} for version in ("v2", "v1")]
    for review in (renaming([], refused="gull"), None):
        stays, fails = converter(unserved_with_webhook(), review).convert(boats, "v2")
        assert isinstance(stays, Converted)
        assert stays.object == boats[0]
        assert isinstance(fails, NotConvertible)


def test_a_webhook_that_changes_something_each_time_is_asked_a_few_times() -> None:
    """A server writes such an object at every update, too."""
    count = 0

    def review(objects: list[Any], target: str) -> list[Any]:
        nonlocal count
        count += 1
        return [{**one, "apiVersion": target, "spec": {"sails": count, "crew": 1}} for one in objects]

    boat = {**BOAT, "apiVersion": "harbour.example.com/v2", "spec": {}}
    assert one(converter(unserved_with_webhook(), review).convert([boat], "v2")).object["spec"]["sails"] == count
    assert count == 8


def test_a_number_that_a_webhook_spells_with_a_fraction_counts_as_a_change() -> None:
    """It is a float64 when the object is read, and an integer when it is written."""

    def review(objects: list[Any], target: str) -> list[Any]:
        return [{**one, "apiVersion": target, "spec": go_json.loads(b'{"sails": 2.0, "crew": 1}')} for one in objects]

    boat = {**BOAT, "metadata": {**BOAT["metadata"], "generation": 3}}
    found = one(converter(with_webhook(), review).convert([boat], "v2", drop_unknown_fields=True)).object
    assert found["metadata"]["generation"] == 4
    assert write(found).endswith(b'"spec":{"crew":1,"sails":2}}\n')
