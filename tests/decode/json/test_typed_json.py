"""
JSON becomes a typed object as Go's encoding/json reads it, and is shown as Go prints it.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release
from kstore.decode.json import go_json
from kstore.decode.json.typed_json import TypedJson
from kstore.decode.protobuf import special
from kstore.errors import DecodeError, EncodeError


@pytest.fixture(scope="module")
def typed() -> TypedJson:
    """The types of the newest release."""
    return TypedJson(Catalog(Release("1.37")))


@pytest.mark.parametrize(
    ("limit", "shown"),
    [("1000m", "1"), ("0.5", "500m"), ("1Ki", "1Ki"), ("1024", "1024"), (2, "2"), (" 1 ", "1"), ("1E3", "1E3")],
)
def test_quantities(typed: TypedJson, limit: Any, shown: str) -> None:
    """A quantity has its canonical form, and may be a plain number."""
    found = typed.read("core.v1.ResourceRequirements", {"limits": {"cpu": limit}})
    assert found["limits"]["cpu"] == shown


@pytest.mark.parametrize("limit", ["\n1", "1\t"])
def test_no_quantities(typed: TypedJson, limit: str) -> None:
    """White space that JSON has to escape is not trimmed: Go trims before it reads escapes."""
    with pytest.raises(DecodeError, match="quantities must look like"):
        typed.read("core.v1.ResourceRequirements", {"limits": {"cpu": limit}})


def test_bytes_may_be_numbers(typed: TypedJson) -> None:
    """A slice of bytes may be a list, like any other slice."""
    assert typed.read("core.v1.Secret", {"data": {"a": [65, None]}})["data"] == {"a": "QQA="}
    with pytest.raises(DecodeError, match="uint8") as caught:
        typed.read("core.v1.Secret", {"data": {"a": [256]}})
    assert caught.value.path == "data[a][0]"


def test_minus_zero(typed: TypedJson) -> None:
    """-0 is a whole number; -0.0 is none."""
    assert typed.read("core.v1.PodSpec", go_json.loads(b'{"priority": -0}'))["priority"] == 0
    with pytest.raises(DecodeError, match="whole number"):
        typed.read("core.v1.PodSpec", go_json.loads(b'{"priority": -0.0}'))


def test_a_moment_after_the_zero_time(typed: TypedJson) -> None:
    """Only the very first moment is no time; one within its second is shown, and written."""
    meta = typed.read("meta.v1.ObjectMeta", {"creationTimestamp": "0001-01-01T00:00:00.5Z"})
    assert meta == {"creationTimestamp": "0001-01-01T00:00:00Z"}
    assert special.write_time(meta["creationTimestamp"]) == bytes.fromhex("088092b8c398feffffff011000")
    assert typed.read("meta.v1.ObjectMeta", {"creationTimestamp": "0001-01-01T00:00:00Z"}) == {
        "creationTimestamp": None
    }


def test_null_is_unset(typed: TypedJson) -> None:
    """null leaves a pointer, list or map unset, and a plain member zero."""
    found = typed.read("core.v1.Container", {"name": None, "args": None, "securityContext": None, "stdin": None})
    assert typed.present("core.v1.Container", found) == {"name": "", "resources": {}}


def test_names_are_case_sensitive(typed: TypedJson) -> None:
    """Kubernetes reads member names exactly; another spelling is an unknown member."""
    found = typed.read("meta.v1.ObjectMeta", {"Name": "a"})
    assert list(typed.unknown_paths("meta.v1.ObjectMeta", found)) == [".Name"]


def test_maps_are_sorted(typed: TypedJson) -> None:
    """Go prints maps sorted."""
    shown = typed.present("meta.v1.ObjectMeta", typed.read("meta.v1.ObjectMeta", {"labels": {"b": "", "a": ""}}))
    assert list(shown["labels"]) == ["a", "b"]


def test_dropping_what_is_unknown(typed: TypedJson) -> None:
    """Unknown members go at every depth; known ones stay."""
    found = typed.read("core.v1.PodSpec", {"containers": [{"name": "a", "novel": 1}], "novel": {}})
    assert sorted(typed.unknown_paths("core.v1.PodSpec", found)) == [".containers[0].novel", ".novel"]
    typed.drop_unknown("core.v1.PodSpec", found)
    assert list(typed.unknown_paths("core.v1.PodSpec", found)) == []
    assert found["containers"][0]["name"] == "a"


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ({"containers": {}}, "containers", "a list was expected"),
        ({"containers": [{"ports": [{"containerPort": 1 << 31}]}]}, "containers[0].ports[0].containerPort", "int32"),
        ({"nodeSelector": {"a": 1}}, "nodeSelector[a]", "a string was expected"),
        ({"hostNetwork": "yes"}, "hostNetwork", "a boolean was expected"),
        ({"overhead": {"cpu": "lots"}}, "overhead[cpu]", "lots"),
    ],
)
def test_what_does_not_fit(typed: TypedJson, value: dict[str, Any], path: str, message: str) -> None:
    """A value of another type is refused with its path, reading and checking alike."""
    with pytest.raises(DecodeError, match=message) as caught:
        typed.read("core.v1.PodSpec", value)
    assert path == caught.value.path
    with pytest.raises(EncodeError) as refused:
        typed.check("core.v1.PodSpec", value)
    assert path == refused.value.path
