"""What other tools print: every format of etcdctl, dumps, log entries, and what a terminal does to bytes."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.patience import COMMAND_TIMEOUT
from tests.source.etcd_releases import EtcdRelease
from tools.cluster import Etcd

from kstore.decode.envelope import write_envelope
from kstore.errors import DecodeError, TerminalDamage
from kstore.records import Delete, Put, Record
from kstore.source.dump import Printed, read_dump
from kstore.source.dump.encodings import read_hex_line
from kstore.source.etcd.live import LiveSource
from kstore.source.mvcc.key_value import encode_key_value, revision_key

POD = write_envelope("v1", "Pod", b"\n\x05line\n\n\n/registry/pods/default/fake\n" + bytes(range(256)))
VALUES = {
    b"/registry/configmaps/default/json": b'{"kind":"ConfigMap","apiVersion":"v1","data":{"a":"/x\\n{"}}\n',
    b"/registry/empty": b"",
    b"/registry/foos/default/cbor": b"\xd9\xd9\xf7\xa1Akv\n\xff\x00",
    b"/registry/pods/default/a": POD,
    b"/registry/pods/default/b": write_envelope("v1", "Pod", b"\n\n"),
    b"/registry/secrets/default/encrypted": b"k8s:enc:aescbc:v1:key1:" + bytes(range(255, -1, -1)),
    "/registry/words/münchen".encode(): b'{"metadata":{}}',
}


def pairs(data: bytes) -> list[tuple[bytes | None, bytes]]:
    """All that was read, but for deletions."""
    return [(each.key, each.value) for each in read_dump(data) if not each.deleted]


def hex_line(line: bytes) -> list[tuple[bytes | None, bytes]]:
    """The keys and values of one line."""
    return [(each.key, each.value) for each in read_hex_line(line)]


@pytest.mark.large
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
    assert hex_line(entry.hex().encode() + b"\n") == [(b"/a", b"v")]
    transaction = b"\x08\x07" + delimited(
        6, delimited(2, delimited(2, put)) + delimited(3, delimited(3, delimited(1, b"/b")))
    )
    assert hex_line(transaction.hex().encode()) == [(b"/a", b"v")]
    assert hex_line((b"\x08\x07" + delimited(5, delimited(1, b"/a"))).hex().encode()) == []
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
        b'{"header":{},"kvs":[{"key":"?","mod_revision":3}]}',
        b'{"header":{"revision":5}}',
        b'{"header":{"revision":5},"succeeded":false}',
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


# ---- what people paste

OBJECTS = [
    (b"/registry/configmaps/default/json", VALUES[b"/registry/configmaps/default/json"]),
    (b"/registry/pods/default/a", POD),
    (b"/registry/secrets/default/encrypted", VALUES[b"/registry/secrets/default/encrypted"]),
]


def text64(data: bytes) -> str:
    """Base64."""
    return base64.b64encode(data).decode()


def key_values() -> list[dict[str, object]]:
    """The objects as etcdctl's JSON has them."""
    return [{"key": text64(key), "mod_revision": 5, "version": 1, "value": text64(value)} for key, value in OBJECTS]


@pytest.mark.parametrize(
    "answer",
    [
        {"header": {}, "responses": [{"Response": {"response_range": {"kvs": key_values()}}}]},
        {"header": {}, "responses": [
            {"response_range": {"kvs": key_values()[:2]}}, {"response_put": {"prev_kv": key_values()[2]}},
        ]},
        {"header": {}, "responses": [
            {"response_txn": {"responses": [{"response_delete_range": {"prev_kvs": key_values()}}]}},
        ]},
        {"result": {"header": {}, "events": [{"kv": each} for each in key_values()]}},
        {"header": {}, "responses": [{"responseRange": {"kvs": [
            {"key": each["key"], "modRevision": "5", "value": each["value"]} for each in key_values()
        ]}}]},
        key_values(),
        [each["value"] for each in key_values()],
    ],
)  # fmt: skip
def test_answers_in_json(answer: object) -> None:
    """Of a transaction (nested too), a put and a deletion with what was before, the gateway's watch, grpcurl, jq."""
    for text in (json.dumps(answer), json.dumps(answer, indent=2)):
        assert [value for _, value in pairs(text.encode())] == [value for _, value in OBJECTS]


def test_deletions_are_told() -> None:
    """An event of a deletion has no value of its own; with `--prev-kv` it has the one that was there."""
    kv = {"key": text64(b"/a"), "mod_revision": "9"}
    events = [{"type": "DELETE", "kv": kv}, {"type": 1, "kv": kv, "prev_kv": {**kv, "value": text64(b"{}")}}]
    for answer in ({"Header": {}, "Events": events}, {"result": {"events": events}}):
        assert list(read_dump(json.dumps(answer).encode())) == [
            Printed(b"/a", b"", deleted=True, revision=9),
            Printed(b"/a", b"{}", deleted=True, revision=9),
        ]


def test_a_deletion_without_what_was_there_before() -> None:
    """Of `-w fields` each event has what it says itself, and nothing of the one before."""
    changed = [
        '"Type" : "PUT"', '"PrevKey" : "/a"', '"PrevValue" : "old"', '"Key" : "/a"', '"ModRevision" : 8',
        '"Value" : "new"',
    ]  # fmt: skip
    deleted = ['"Type" : "DELETE"', '"Key" : "/b"', '"ModRevision" : 9', '"Value" : ""']
    lines = "\n".join([*changed, *deleted, ""]).replace('"PUT"', "PUT").replace('"DELETE"', "DELETE")
    assert list(read_dump(lines.encode())) == [
        Printed(b"/a", b"new"),
        Printed(b"/b", b"", deleted=True, revision=9),
    ]


@pytest.mark.large
@pytest.mark.etcd
def test_each_format_of_a_watch(
    etcd_release: EtcdRelease, serve: Callable[..., Etcd], connect: Callable[..., LiveSource]
) -> None:
    """Puts and deletions come back from each form in which etcdctl shows a watch, with and without what was before."""
    server = serve(etcd_release)
    live = connect(server.endpoint)
    live.commit([Put(key, value, 0) for key, value in OBJECTS])
    first = live.get(OBJECTS[1][0])
    assert first
    live.commit([Put(first.key, VALUES[b"/registry/pods/default/b"], first.mod_revision)])
    second = live.get(first.key)
    assert second
    live.commit([Delete(first.key, second.mod_revision)])
    events = [*((key, value, False) for key, value in OBJECTS), (first.key, second.value, False)]
    for arguments in (["-w", "json"], ["-w", "fields"], ["-w", "protobuf"], ["-w", "simple"], []):
        for more, before in ([], b""), (["--prev-kv"], second.value):
            printed = watched(etcd_release, server.endpoint, *arguments, *more)
            found = [(each.key, each.value, each.deleted) for each in read_dump(printed)]
            assert found == [*events, (first.key, before, True)], (arguments, more)


def watched(release: EtcdRelease, endpoint: str, *arguments: str) -> bytes:
    """What a watch from the first revision prints until the deletion has come."""
    command = [
        str(release.folder / "etcdctl"),
        f"--endpoints={endpoint}",
        COMMAND_TIMEOUT,
        "watch",
        "--prefix",
        "/",
        "--rev=1",
    ]
    with subprocess.Popen(
        [*command, *arguments], env={"ETCDCTL_API": "3"}, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdout
        printed = b""
        while not any(each.deleted for each in _so_far(printed)):
            printed += process.stdout.read(1 << 16) or b""
        process.terminate()
        return printed + process.stdout.read()


def _so_far(printed: bytes) -> list[Printed]:
    try:
        return list(read_dump(printed))
    except DecodeError:
        return []


@pytest.mark.etcd
def test_a_transaction_as_protobuf(
    newest_release: EtcdRelease, serve: Callable[..., Etcd], connect: Callable[..., LiveSource]
) -> None:
    """A get within a transaction, from the very bytes that etcdctl prints."""
    server = serve(newest_release)
    connect(server.endpoint).commit([Put(key, value, 0) for key, value in OBJECTS])
    for form in ("json", "protobuf"):
        command = [
            str(newest_release.folder / "etcdctl"),
            f"--endpoints={server.endpoint}",
            COMMAND_TIMEOUT,
            "txn",
            "-w",
            form,
        ]
        asked = b"\nget --prefix /registry/\n\nget /none\n\n"
        printed = subprocess.run(command, input=b"\n" + asked[1:], capture_output=True, check=True).stdout
        assert pairs(printed) == OBJECTS, form


@pytest.mark.parametrize(
    "value", [POD, VALUES[b"/registry/secrets/default/encrypted"], b'{"kind":"A","apiVersion":"v1"}']
)
def test_values_a_line(value: bytes) -> None:
    """Several values in base64 or hex, a line each (jq -r), or broken at a width (base64, xxd -p)."""
    lines = [base64.b64encode(value), base64.b64encode(POD), base64.b64encode(value)]
    assert pairs(b"\n".join(lines) + b"\n") == [(None, value), (None, POD), (None, value)]
    assert pairs(base64.encodebytes(value) + base64.encodebytes(POD)) == [(None, value), (None, POD)]
    assert pairs(value.hex().encode() + b"\n" + POD.hex().encode() + b"\n") == [(None, value), (None, POD)]
    hexed = (POD + b"\n").hex().encode()
    assert pairs(b"".join(hexed[at : at + 60] + b"\n" for at in range(0, len(hexed), 60))) == [(None, POD)]


def test_a_brace_at_the_beginning_of_a_line() -> None:
    """A line of wrapped hex or base64 that happens to begin like JSON belongs to the value that has begun."""
    body = write_envelope("v1", "Pod", b"{" * 400)
    hexed = body.hex().encode()
    assert pairs(b"".join(hexed[at : at + 60] + b"\n" for at in range(0, len(hexed), 60))) == [(None, body)]
    assert pairs(base64.encodebytes(body)) == [(None, body)]


@pytest.mark.parametrize("value", [POD, VALUES[b"/registry/secrets/default/encrypted"]])
@pytest.mark.parametrize(
    "line",
    [
        "{hex}", "\\x{hex}", "0x{hex}", "X'{hex}'", " \\x{hex}", "/registry/a|\\x{hex}", "/registry/a\t0x{HEX}",
        "INSERT INTO kine VALUES (1,'/registry/a',X'{hex}');",
    ],
)  # fmt: skip
def test_hex_of_a_database(value: bytes, line: str) -> None:
    """PostgreSQL's, MySQL's and SQLite's notation, alone or in a row with the key."""
    text = line.format(hex=value.hex(), HEX=value.hex().upper())
    key = b"/registry/a" if "/registry/a" in line else None
    assert pairs(text.encode()) == [(key, value)]
    assert pairs(f"{text}\n{text}\n".encode()) == [(key, value)] * 2
    if line.startswith(" "):
        assert pairs(f"   value\n-----------\n{text}\n(1 row)\n\n".encode()) == [(key, value)]


DUMPERS = [
    ["hexdump", "-C"], ["hexdump", "-v", "-C"], ["hexdump"], ["xxd"], ["xxd", "-p"], ["xxd", "-g1"], ["xxd", "-u"],
    ["xxd", "-c", "8"], ["od"], ["od", "-c"], ["od", "-b"], ["od", "-x"], ["od", "-tx1"], ["od", "-An", "-v", "-tx1"],
    ["od", "-A", "x", "-t", "x1z"], ["od", "-A", "d", "-t", "x1"],
]  # fmt: skip


@pytest.mark.parametrize("command", DUMPERS, ids=" ".join)
@pytest.mark.parametrize(
    "content",
    [POD, POD[:-1], b"/registry/pods/default/a\n" + POD + b"\n", b"k8s:enc:secretbox:v1:k:" + bytes(200) + b"x"],
)
def test_dumps_of_bytes(command: list[str], content: bytes) -> None:
    """What each of the usual programs prints of a value, or of a key with its value; zeroes are one line and a star."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} here")
    printed = subprocess.run(command, input=content, capture_output=True, check=True).stdout
    assert pairs(printed) == pairs(content)


def test_a_dump_with_a_line_missing() -> None:
    """Lines that do not follow on one another are an error, not other bytes."""
    lines = [b"%08x  %s  |................|" % (at, POD[at : at + 16].hex(" ").encode()) for at in range(0, 64, 16)]
    assert pairs(b"\n".join(lines)) == [(None, POD[:64])]
    with pytest.raises(DecodeError, match="follows on"):
        pairs(b"\n".join([lines[0], lines[1], lines[3]]))


def test_a_dump_with_a_line_missing_behind_repeated_ones() -> None:
    """`*` stands for lines like the one before, up to the next, and for nothing behind that."""
    content = bytes(64) + POD[:64]
    lines = [
        b"%08x  %s  |................|" % (at, content[at : at + 16].hex(" ").encode()) for at in range(0, 128, 16)
    ]
    shorter = [lines[0], b"*", *lines[4:]]
    assert pairs(b"\n".join(shorter)) == [(None, content)]
    with pytest.raises(DecodeError, match="follows on"):
        pairs(b"\n".join([*shorter[:3], *shorter[4:]]))


@pytest.mark.parametrize("brackets", ["{}", "<>"])
def test_protobuf_text(brackets: str) -> None:
    """What protoc and Go's String() make of an answer and of a watch."""
    begin, end = brackets
    escaped = [(key.decode(), "".join(f"\\{byte:03o}" for byte in value)) for key, value in OBJECTS]
    kvs = "".join(
        f'kvs {begin}\n  key: "{key}"\n  mod_revision: 7\n  value: "{value}"\n{end}\n' for key, value in escaped
    )
    assert pairs(f"header {begin} cluster_id: 5 revision: 9 {end}\n{kvs}more: false\ncount: 3\n".encode()) == OBJECTS
    (key, value), *_ = escaped
    event = f'events {begin} type: DELETE kv {begin} key: "{key}" mod_revision: 8 {end} prev_kv {begin} key: "{key}"'
    assert list(read_dump(f'{event} value: "{value}" {end} {end}'.encode())) == [
        Printed(OBJECTS[0][0], OBJECTS[0][1], deleted=True, revision=8)
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_files_of_other_encodings(encoding: str) -> None:
    """Byte order marks and UTF-16, as PowerShell and Notepad write them, with their line ends."""
    answer = json.dumps({"header": {}, "kvs": key_values()})
    hexed = "\r\n".join(value.hex() for _, value in OBJECTS)
    assert pairs((answer + "\r\n").encode(encoding)) == OBJECTS
    assert [value for _, value in pairs((hexed + "\r\n").encode(encoding))] == [value for _, value in OBJECTS]


def test_a_binary_value_through_powershell() -> None:
    """Bytes that were made text are lost, and said to be."""
    with pytest.raises(TerminalDamage, match="UTF-16"):
        pairs("\ufeffk8s\0\n\v\n\x02v1\x12\x05Pod".encode("utf-16-le"))


def test_the_value_before_compact_rev_key() -> None:
    """A key that is no path, with a number, comes last in a list of all keys; nothing before it is lost."""
    for _, value in OBJECTS:
        printed = b"/registry/a\n" + value + b"\n" + b"compact_rev_key\n278\n"
        found = [(key, each.rstrip(b"\n")) for key, each in pairs(printed)]
        assert found == [(b"/registry/a", value.rstrip(b"\n")), (b"compact_rev_key", b"278")]
