"""
`kstore decode`: stored bytes into objects.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.cli.conftest import Kstore

CONFIGURATION = """
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - aesgcm:
      keys: [{name: k1, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]
"""
KEY = "/registry/secrets/default/s"


def encoded(kstore: Kstore, obj: Mapping[str, object], media: str = "") -> str:
    """The stored bytes of an object, in base64."""
    given = json.dumps({"object": obj, "media": media or None}).encode()
    return str(kstore("encode", "--batch", stdin=given).lines[0]["value"])


def test_a_line_says_what_it_holds(kstore: Kstore) -> None:
    """Version, kind, encoding, and the object with kind and apiVersion first, as Go prints it."""
    value = encoded(kstore, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "<s>"}, "data": {"b": "eA=="}})
    ran = kstore("decode", "--batch", stdin=json.dumps({"value": value}).encode())
    assert ran.text == (
        '{"apiVersion":"v1","kind":"Secret","encoding":"protobuf","object":{"kind":"Secret","apiVersion":"v1",'
        '"metadata":{"name":"\\u003cs\\u003e"},"data":{"b":"eA=="}}}\n'
    )


def test_unknown_fields_are_kept(kstore: Kstore) -> None:
    """What a newer server wrote comes through decode and encode unchanged."""
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "newField": {"a": [1]}}
    value = base64.b64encode(json.dumps(obj).encode()).decode()
    answer = kstore("decode", "--batch", stdin=json.dumps({"value": value}).encode()).lines[0]
    assert answer["encoding"] == "json"
    assert answer["object"]["newField"] == {"a": [1]}
    protobuf = base64.b64decode(encoded(kstore, {**obj, "newField": None} | {"newField": None}, "json"))
    assert b"newField" in protobuf


def test_custom_resources(kstore: Kstore) -> None:
    """An object of no built-in kind is shown as it is; it is stored as JSON, and has no protobuf form."""
    obj = {"apiVersion": "example.com/v1", "kind": "Database", "metadata": {"name": "d"}, "user": "wp"}
    value = encoded(kstore, obj)
    answer = kstore("decode", "--batch", stdin=json.dumps({"value": value}).encode()).lines[0]
    assert (answer["apiVersion"], answer["kind"], answer["encoding"]) == ("example.com/v1", "Database", "json")
    assert answer["object"] == obj
    refused = kstore("encode", "--batch", stdin=json.dumps({"object": obj, "media": "protobuf"}).encode())
    assert refused.code == 3
    assert refused.lines[0]["error"]["code"] == "unknown-kind"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"k8s\0\x0a\x0d\x0a\x02v1\x12", "undecodable"),
        (b"k8s\0\x0a\x0c\x0a\x04a/v9\x12\x04Kind\x12\0\x1a\0\x22\0", "unknown-kind"),
        (b"rubbish", "unknown-encoding"),
        (b'{"kind": "Pod"}', "undecodable"),
        (b'{"kind": "Pod", "apiVersion": "v1", "spec": {"containers": 5}}', "undecodable"),
        (b"k8s:enc:aescbc:v1:key1:abc", "key-missing"),
        (b"", "unknown-encoding"),
    ],
)
def test_what_cannot_be_read(kstore: Kstore, value: bytes, code: str) -> None:
    """Each sort of damage has its code; none is a crash."""
    line = json.dumps({"value": base64.b64encode(value).decode()}).encode()
    ran = kstore("decode", "--batch", stdin=line)
    assert ran.code == 3
    assert ran.lines[0]["error"]["code"] == code
    assert ran.lines[0]["error"]["message"]


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """An encryption configuration for Secrets."""
    path = tmp_path / "encryption.yaml"
    path.write_text(CONFIGURATION)
    return path


def test_encrypted_values(kstore: Kstore, configuration: Path) -> None:
    """An encrypted value opens with its key; without the key, and under another one, it does not."""
    from kstore.encryption.config import load_configuration
    from kstore.naming import GroupResource

    plain = base64.b64decode(
        encoded(kstore, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "eA=="}})
    )
    with load_configuration(str(configuration)) as transformers:
        encrypted = transformers.encrypt(KEY.encode(), plain, GroupResource("", "secrets"))
    value = base64.b64encode(encrypted).decode()
    lines = "".join(json.dumps({"value": value} | ({"key": key} if key else {})) + "\n" for key in (KEY, KEY + "2", ""))
    option = ("--encryption-provider-config", str(configuration))
    ran = kstore("decode", "--batch", *option, stdin=lines.encode())
    assert ran.code == 3
    opened, moved, keyless = ran.lines
    assert opened["object"]["data"] == {"a": "eA=="}
    assert moved["error"]["code"] in ("tampered", "wrong-key")
    assert keyless["error"]["code"] in ("tampered", "wrong-key"), "aesgcm authenticates the key"
    single = kstore("decode", *option, "--at", KEY, stdin=encrypted)
    assert single.json["data"] == {"a": "eA=="}
    converted = kstore("convert", *option, "--at", KEY, stdin=encrypted)
    assert converted.out == kstore("convert", stdin=plain).out


def test_without_a_key(kstore: Kstore, configuration: Path) -> None:
    """What authenticates no key opens without one: aescbc, and values that are plain."""
    from kstore.encryption.config import load_configuration
    from kstore.naming import GroupResource

    configuration.write_text(CONFIGURATION.replace("aesgcm", "aescbc"))
    plain = base64.b64decode(encoded(kstore, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}))
    with load_configuration(str(configuration)) as transformers:
        encrypted = transformers.encrypt(KEY.encode(), plain, GroupResource("", "secrets"))
    for value in (encrypted, plain):
        ran = kstore("decode", "--encryption-provider-config", str(configuration), stdin=value)
        assert ran.json["metadata"]["name"] == "s"


def test_several_values(kstore: Kstore) -> None:
    """What etcdctl printed of several keys is a list; one that cannot be read is named, the others are shown."""
    one = encoded(kstore, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}})
    entries = [
        {"key": base64.b64encode(key).decode(), "value": value}
        for key, value in ((b"/registry/configmaps/a/c", one), (b"/registry/configmaps/a/d", "azhzAA=="))
    ]
    ran = kstore("decode", stdin=json.dumps({"header": {}, "kvs": entries}).encode())
    assert ran.code == 3
    assert [item["metadata"]["name"] for item in ran.json["items"]] == ["c"]
    assert "/registry/configmaps/a/d" in ran.err


def test_yaml(kstore: Kstore) -> None:
    """A value as YAML; line by line as documents of YAML."""
    value = encoded(kstore, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}})
    assert kstore("decode", "-o", "yaml", stdin=value.encode()).text.startswith("apiVersion: v1\nkind: ConfigMap\n")
    line = json.dumps({"value": value}).encode() + b"\n"
    assert kstore("decode", "--batch", "-o", "yaml", stdin=line * 2).text.count("---\napiVersion: v1\n") == 2


def test_events_and_what_is_no_object(kstore: Kstore) -> None:
    """A deletion and the apiserver's compact_rev_key are told on standard error, and are no failure."""
    value = base64.b64encode(b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}').decode()
    key = base64.b64encode(b"/registry/configmaps/default/c").decode()
    watched = (
        f'{{"Header":{{}},"Events":[{{"kv":{{"key":"{key}","mod_revision":7,"value":"{value}"}}}}]}}\n'
        f'{{"Header":{{}},"Events":[{{"type":1,"kv":{{"key":"{key}","mod_revision":8}}}}]}}\n'
    )
    ran = kstore("decode", "-o", "jsonl", stdin=watched.encode())
    assert [each["metadata"]["name"] for each in ran.lines] == ["c"]
    assert "/registry/configmaps/default/c was deleted at revision 8" in ran.err
    simple = b"/registry/configmaps/default/c\n" + base64.b64decode(value) + b"\ncompact_rev_key\n278\n"
    ran = kstore("decode", "-o", "jsonl", stdin=simple)
    assert [each["metadata"]["name"] for each in ran.lines] == ["c"]
    assert "compacted revision 278" in ran.err


def test_nothing_that_is_recognized(kstore: Kstore) -> None:
    """Text of no form, and an answer without keys, are no success."""
    for text, code in ((b"hello world\n", 3), (b'{"header":{"revision":5}}', 3)):
        ran = kstore("decode", stdin=text)
        assert (ran.code, ran.text) == (code, "")
        assert ran.err
