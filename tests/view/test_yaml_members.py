"""
Objects printed member by member are what they are printed whole.
"""

from __future__ import annotations

import pytest

from kstore.catalog.releases import newest
from kstore.decode.protobuf.text import ProtobufText
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme
from kstore.source.location.demo import open_demo
from kstore.view.yaml_text import YamlMembers, to_yaml


@pytest.mark.large
def test_every_object_of_the_demo_store() -> None:
    """Once printed and once remembered, the text is that of the whole object."""
    codec = ObjectCodec(Scheme(newest()))
    usual, members = ProtobufText(codec.scheme.catalog), YamlMembers()
    printed = 0
    with open_demo() as demo:
        values = [record.value for record in demo.scan() if record.value.startswith(b"k8s\0")]
    for value in values * 2:
        parts = usual.parts(value)
        if parts is not None:
            printed += 1
            name, found = parts
            text = members.text({"apiVersion": name.api_version, "kind": name.kind}, found)
            assert text == to_yaml(codec.decode(value).object)
    assert printed > 10


def test_another_member_of_the_same_value() -> None:
    """A dict that stands under two names is printed under both."""
    part = {"a": 1}
    members = YamlMembers()
    assert members.text({}, [("spec", part)]) == "spec:\n  a: 1\n"
    assert members.text({}, [("status", part), ("spec", part)]) == "spec:\n  a: 1\nstatus:\n  a: 1\n"
