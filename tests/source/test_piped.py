"""What other tools print: every format of etcdctl, dumps, log entries, and what a terminal does to bytes."""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.source.etcd_releases import EtcdRelease
from tools.cluster import Etcd

from kstore.decode.envelope import write_envelope
from kstore.errors import DecodeError, TerminalDamage
from kstore.records import Put, Record
from kstore.source.etcd.live import LiveSource
from kstore.source.mvcc.key_value import encode_key_value, revision_key
from kstore.source.piped import read_hex_line, read_piped

POD = write_envelope("v1", "Pod", b"\n\x05line\n\n\n/registry/pods/default/fake\n" + bytes(range(256)))
VALUES = {
    b"/registry/configmaps/default/json": b'{"kind":"ConfigMap","apiVersion":"v1","data":{"a":"/x\\n{"}}\n',
    b"/registry/empty": b"",
    b"/registry/foos/default/cbor": b"\xd9\xd9\xf7\xa1Akv\n\xff\x00",
    b"/registry/pods/default/a": POD,
    b"/registry/pods/default/b": write_envelope("v1", "Pod", b"\n\n"),
    b"/registry/secrets/default/sealed": b"k8s:enc:aescbc:v1:key1:" + bytes(range(255, -1, -1)),
    "/registry/words/münchen".encode(): b'{"metadata":{}}',
}


def pairs(data: bytes) -> list[tuple[bytes | None, bytes]]:
    """All that was read."""
    return list(read_piped(data))


@pytest.mark.etcd
def test_each_format_of_etcdctl(
    etcd_release: EtcdRelease, serve: Callable[..., Etcd], connect: Callable[..., LiveSource]
) -> None:
    """Keys and values come back as they were put, from each format that etcdctl prints, in each release."""
    server = serve(etcd_release)
    connect(server.endpoint).commit([Put(key, value, 0) for key, value in VALUES.items()])
    formats = [["-w", "json"], ["-w", "fields"], ["-w", "protobuf"], ["-w", "simple"], [], ["--hex"]]
    for arguments in formats:
        printed = etcd_release.printed(server.endpoint, "get", "--prefix", "/", *arguments)
        assert pairs(printed) == list(VALUES.items()), arguments
        for key, value in VALUES.items():
            one = etcd_release.printed(server.endpoint, "get", key.decode(), *arguments)
            assert pairs(one) == [(key, value)], (arguments, key)


@pytest.mark.etcd
def test_values_only(
    newest_release: EtcdRelease, serve: Callable[..., Etcd], connect: Callable[..., LiveSource]
) -> None:
    """Without keys the values come back as they were put, without the line feed that etcdctl adds to a binary one."""
    server = serve(newest_release)
    connect(server.endpoint).commit([Put(key, value, 0) for key, value in VALUES.items()])
    for key, value in VALUES.items():
        printed = newest_release.printed(server.endpoint, "get", "--print-value-only", key.decode())
        if value:
            assert [(each, found.rstrip(b"\n")) for each, found in pairs(printed)] == [(None, value.rstrip(b"\n"))]
            assert value.startswith(b"{") or pairs(printed) == [(None, value)]
    printed = newest_release.printed(server.endpoint, "get", "--print-value-only", "--prefix", "/registry/pods/")
    assert pairs(printed) == [(None, POD), (None, VALUES[b"/registry/pods/default/b"])]


def test_bytes_as_they_are() -> None:
    """A stored value of any encoding is itself, without a key."""
    for value in VALUES.values():
        if value:
            assert [(key, found.strip(b"\n")) for key, found in pairs(value)] == [(None, value.strip(b"\n"))]


def test_the_gateway_and_a_watch() -> None:
    """The JSON gateway writes numbers as texts, a watch writes events; deletions have no value."""
    key, value = base64.b64encode(b"/a").decode(), base64.b64encode(b"v").decode()
    answer = f'{{"header":{{"revision":"5"}},"kvs":[{{"key":"{key}","mod_revision":"5","value":"{value}"}}]}}'
    assert pairs(answer.encode()) == [(b"/a", b"v")]
    event = f'{{"Header":{{}},"Events":[{{"kv":{{"key":"{key}","value":"{value}"}}}},{{"type":"DELETE","kv":{{}}}}]}}'
    assert pairs((event + "\n" + answer).encode()) == [(b"/a", b"v"), (b"/a", b"v")]
    assert pairs(b'{"header":{"revision":5}}') == []


def test_dumps_of_a_database() -> None:
    """etcd-dump-db prints entries as Go quotes them, raw or decoded."""
    entry = encode_key_value(Record(b"/registry/pods/default/a", POD, 3, 5, 2))
    raw = b'key="%s", value="%s"\n' % (quoted(revision_key(5, 0)), quoted(entry))
    assert pairs(raw * 2) == [(b"/registry/pods/default/a", POD)] * 2
    decoded = b'rev={main:5 sub:0}, value=[key "/registry/pods/default/a" | val "%s" | created 3 | mod 5 | ver 2]\n'
    assert pairs(decoded % quoted(POD)) == [(b"/registry/pods/default/a", POD)]


def quoted(data: bytes) -> bytes:
    """Go's `%q` of bytes, all of them escaped but those that are plain in any quoting."""
    return b"".join(bytes([byte]) if chr(byte).isalnum() and byte < 128 else b"\\x%02x" % byte for byte in data)


def test_go_escapes() -> None:
    """Each kind of escape that `%q` makes, and text beyond ASCII as it stands."""
    text = '"Key" : "/a\\a\\b\\f\\n\\r\\t\\v\\\\\\"\\x00\\u0080\\U0001f600ü"\n"Value" : "v"\n'
    assert pairs(text.encode()) == [(b'/a\a\b\f\n\r\t\v\\"\0' + "\x80\U0001f600ü".encode(), b"v")]


def delimited(number: int, content: bytes) -> bytes:
    """A length-delimited field, of less than 128 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content


def test_log_entries() -> None:
    """A line of hex is an entry of the raft log: its puts, also those within a transaction, else nothing."""
    put = delimited(1, b"/a") + delimited(2, b"v")
    entry = b"\x08\x07" + delimited(4, put)
    assert read_hex_line(entry.hex().encode() + b"\n") == [(b"/a", b"v")]
    transaction = b"\x08\x07" + delimited(
        6, delimited(2, delimited(2, put)) + delimited(3, delimited(3, delimited(1, b"/b")))
    )
    assert read_hex_line(transaction.hex().encode()) == [(b"/a", b"v")]
    assert read_hex_line((b"\x08\x07" + delimited(5, delimited(1, b"/a"))).hex().encode()) == []
    assert pairs(entry.hex().encode() + b"\n" + transaction.hex().encode()) == [(b"/a", b"v")] * 2


def test_hex_and_base64_of_values() -> None:
    """A value, or an entry of the database, in hex or base64 is read as such."""
    entry = encode_key_value(Record(b"/a", POD, 3, 5, 2))
    assert pairs(entry.hex().encode()) == [(b"/a", POD)]
    assert pairs(POD.hex().upper().encode() + b"\r\n") == [(None, POD)]
    assert pairs(base64.encodebytes(POD)) == [(None, POD)]
    assert pairs(base64.b64encode(b'{"kind":"A"}')) == [(None, b'{"kind":"A"}')]


@pytest.mark.parametrize("value", [value for value in VALUES.values() if value[:1] not in b"{"])
@pytest.mark.parametrize("key", [b"", b"/registry/pods/default/a\n"])
def test_a_terminal_is_named(key: bytes, value: bytes) -> None:
    """Carriage returns that a terminal put in are an error of their own, which says what to do."""
    through = (key + value + b"\n").replace(b"\n", b"\r\n")
    with pytest.raises(TerminalDamage, match="carriage return") as caught:
        pairs(through)
    assert "kubectl exec" in caught.value.hint


def test_a_terminal_does_no_harm_to_text() -> None:
    """Formats of plain text are read with carriage returns too."""
    answer = b'{"header":{},"kvs":[{"key":"L2E=","value":"dg=="}]}\r\n'
    assert pairs(answer) == [(b"/a", b"v")]
    assert pairs(b'"ClusterID" : 1\r\n"Key" : "/a"\r\n"Value" : "v"\r\n"Lease" : 0\r\n') == [(b"/a", b"v")]
    assert pairs(b"\\x2f\\x61\r\n\\x76\r\n") == [(b"/a", b"v")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n",
        b'"ClusterID" : 1\n"Key" : "/a"\n',
        b"\\x2f\\x61\n\\x76\n\\x2f\n",
        b'{"header":{},"kvs":[{"key":"?"}]}',
    ],
)
def test_what_breaks_off(data: bytes) -> None:
    """Nothing at all, or a format that breaks off, is an error."""
    with pytest.raises(DecodeError):
        pairs(data)


def test_a_value_that_breaks_off_is_a_value() -> None:
    """A value cut anywhere, behind a line feed too, is handed on as it is: what is wrong with it, decoding says."""
    for size in range(5, len(POD)):
        cut = POD[:size]
        assert [found for _, found in pairs(cut)] in ([cut], [cut.removesuffix(b"\n")]), size


@given(
    st.binary(min_size=1)
    | st.binary().map(lambda data: POD[:4] + data)
    | st.text(alphabet='/ab\n\r{}"\\x0', min_size=1).map(str.encode)
)
def test_anything_may_come(data: bytes) -> None:
    """Whatever comes is read as something or is a typed error."""
    with suppress(DecodeError):
        pairs(data)


@given(st.lists(st.tuples(st.from_regex(rb"/[a-z/]{1,9}", fullmatch=True), st.binary()), min_size=1))
def test_protobuf_values_are_told_apart(objects: list[tuple[bytes, bytes]]) -> None:
    """Whatever bytes a protobuf value holds, printed keys and values are told apart by the envelope."""
    values = [(key, write_envelope("v1", "Pod", body)) for key, body in objects]
    assert pairs(b"".join(key + b"\n" + value + b"\n" for key, value in values)) == values
