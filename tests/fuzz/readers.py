"""
Every reader of bytes that somebody else made, as a function of those bytes.

A reader may answer, or raise a `KstoreError`; anything else is a finding. Readers of files get them in a directory of
their own, in memory where the machine has such.
"""

from __future__ import annotations

import base64
import json
import lzma
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kstore.catalog.releases import newest
from kstore.errors import KstoreError
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

SEEDS = Path(__file__).parent / "seeds.jsonl.xz"
MEMORY = Path("/dev/shm")
_MOST = 10_000
"""Records that are asked of a store: a file of a few kilobytes may claim any number."""

Read = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader."""

    name: str
    read: Read
    """Reads all that there is to read; raises nothing but `KstoreError`."""

    def attempt(self, data: bytes) -> bool:
        """Whether there was an answer; whatever is no answer and no typed error is raised on."""
        try:
            self.read(data)
        except KstoreError:
            return False
        return True


@cache
def codec() -> ObjectCodec:
    """The codec of the newest release."""
    return ObjectCodec(Scheme(newest()))


@cache
def folder() -> Path:
    """Where the files of readers are; in memory, so that a million of them wear nothing out."""
    return Path(tempfile.mkdtemp(prefix="kstore-fuzz-", dir=MEMORY if MEMORY.is_dir() else None))


def close() -> None:
    """Remove the readers' files."""
    if folder.cache_info().currsize:
        shutil.rmtree(folder(), ignore_errors=True)
        folder.cache_clear()


def _exhaust(things: Iterable[Any]) -> None:
    for _, _thing in zip(range(_MOST), things, strict=False):
        pass


def _file(name: str, data: bytes) -> Path:
    path = folder() / name
    path.write_bytes(data)
    return path


def _directory(name: str) -> Path:
    path = folder() / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    return path


# ---- values


def envelope(data: bytes) -> None:
    """The protobuf envelope alone."""
    from kstore.decode.envelope import read_envelope

    read_envelope(data)


def stored_value(data: bytes) -> None:
    """A stored value: whatever encoding it is in, shown and converted as far as it can be."""
    from kstore.decode.json import go_json

    decoded = codec().decode(data)
    go_json.dumps(decoded.object)
    with suppress(KstoreError):
        codec().convert_typed(data, drop_unknown_fields=True)


def json_text(data: bytes) -> None:
    """JSON as Go's decoder takes it, printed again."""
    from kstore.decode.json import go_json

    go_json.dumps(go_json.loads(data))
    _exhaust(go_json.deviations(data))


def cbor_value(data: bytes) -> None:
    """CBOR as the apiserver's decoder takes it, written again."""
    from kstore.decode import cbor

    cbor.dumps(cbor.loads(data))


def pasted(data: bytes) -> None:
    """What people paste into `decode`."""
    from kstore.source.dump import read_dump

    _exhaust(read_dump(data))


def yaml_input(data: bytes) -> None:
    """YAML of an edited object."""
    from kstore.decode.yaml_input import read_documents

    _exhaust(read_documents(data))


# ---- stores


def database(data: bytes) -> None:
    """A database of etcd's, salvaged: each entry that can be reached is read."""
    from kstore.source.snapshot.source import SnapshotSource

    with SnapshotSource(_file("fuzzed.db", data), salvage=True) as source:
        source.status()
        _exhaust(source.scan())
        _exhaust(source.history_scan())
        source.leases()


def whole_database(data: bytes) -> None:
    """A database that must be whole."""
    from kstore.source.snapshot.source import SnapshotSource

    with SnapshotSource(_file("fuzzed.db", data)) as source:
        _exhaust(source.scan())


def log_segment(data: bytes) -> None:
    """The one segment of a write-ahead log."""
    from kstore.source.wal.segments import read_log

    place = _directory("wal")
    (place / "0000000000000000-0000000000000000.wal").write_bytes(data)
    with suppress(KstoreError):
        read_log(place, 0)
    read_log(place, 0, salvage=True)


def sqlite_database(data: bytes) -> None:
    """K3s' SQLite file."""
    from kstore.source.sqlite.source import SqliteSource

    with SqliteSource(_file("state.db", data)) as source:
        source.status()
        _exhaust(source.scan())
        _exhaust(source.history_scan())


def archive(data: bytes) -> None:
    """Whatever a store was packed into."""
    import io

    from kstore.source.archive.source import open_stream

    with open_stream(io.BytesIO(data), "fuzzed", salvage=True) as source:
        _exhaust(source.scan())


def export_directory(data: bytes) -> None:
    """An export's header and index, a NUL between them."""
    from kstore.source.export_directory import HEADER, INDEX, DirectorySource

    place = _directory("export")
    header, _, index = data.partition(b"\0")
    (place / HEADER).write_bytes(header)
    (place / INDEX).write_bytes(index)
    with DirectorySource(place, salvage=True) as source:
        source.status()
        _exhaust(source.scan())


# ---- files of kstore's own, and configuration


def journal(data: bytes) -> None:
    """A journal, all of its events."""
    from kstore.migrate.journal import Journal

    _exhaust(Journal(_file("fuzzed.journal", data)).events())


def plan(data: bytes) -> None:
    """A saved plan."""
    from kstore.migrate.planfile import SavedPlan

    path = _file("fuzzed.plan", data)
    with suppress(KstoreError):
        SavedPlan(path)
    SavedPlan(path, edited=True)


def encryption_configuration(data: bytes) -> None:
    """The apiserver's EncryptionConfiguration."""
    from kstore.encryption.config import read_configuration

    read_configuration(data)


def configuration(data: bytes) -> None:
    """The configuration file with its contexts."""
    from kstore.source.location.config_file import read_contexts

    contexts = read_contexts(_file("config.yaml", data))
    contexts.current()


# ---- expressions


def label_selector(data: bytes) -> None:
    """`-l`."""
    from kstore.scalars.selectors import label_matcher, parse_label_selector

    label_matcher(parse_label_selector(_text(data)))({"metadata": {"labels": {"app": "a", "n": "3"}}})


def field_selector(data: bytes) -> None:
    """`--field-selector`."""
    from kstore.selection.field_selectors import parse_field_selector

    parse_field_selector(_text(data)).matches({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}})


def jsonpath(data: bytes) -> None:
    """`-o jsonpath=`, on an object."""
    from kstore.view.jsonpath import JsonPath

    obj = {"metadata": {"name": "a", "labels": {"b": "c"}}, "spec": {"containers": [{"name": "x"}, {"name": "y"}]}}
    JsonPath(_text(data)).render(obj)


def condition(data: bytes) -> None:
    """`--where`."""
    from kstore.selection.where import Where

    Where(_text(data))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


# ---- answers of servers


def webhook_answer(data: bytes) -> None:
    """What a conversion webhook answers; `UID` in it becomes the one that was asked with."""
    from email.message import Message

    from kstore.customresource.webhook import ConversionWebhook
    from kstore.http_exchange import HttpAnswer

    class Answering:
        """Answers each request with the same bytes."""

        def request(self, method: str, path: str, *, body: bytes, headers: Any) -> HttpAnswer:
            uid = json.loads(body)["request"]["uid"].encode()
            return HttpAnswer(200, "OK", Message(), data.replace(b"UID", uid))

    class Webhook(ConversionWebhook):
        """One that connects to nobody."""

        def _client(self, url: str) -> Any:
            return Answering()

    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}}
    Webhook("things.example.com", "https://127.0.0.1:1/convert")([thing], "example.com/v2")


def kms_v1(data: bytes) -> None:
    """What a KMS plugin of v1beta1 answers, and a value that is stored with it: see `_kms`."""
    from kstore.encryption.kms import KmsV1
    from kstore.encryption.kms_plugin import PluginV1

    plugin = PluginV1("k", "unix:///k", 1.0)
    _kms(KmsV1("k", plugin), plugin, data)


def kms_v2(data: bytes) -> None:
    """What a KMS plugin of v2 answers, and a value that is stored with it: see `_kms`."""
    from kstore.encryption.kms import KmsV2
    from kstore.encryption.kms_plugin import PluginV2

    plugin = PluginV2("k", "unix:///k", 1.0)
    _kms(KmsV2("k", plugin), plugin, data)


def _kms(cipher: Any, plugin: Any, data: bytes) -> None:
    """Answers to `Version` or `Status`, `Encrypt` and `Decrypt`, and a value, each behind two bytes of its length."""
    parts = []
    for _ in range(4):
        size = int.from_bytes(data[:2], "big")
        parts.append(data[2 : 2 + size])
        data = data[2 + size :]
    answers = {"Version": parts[0], "Status": parts[0], "Encrypt": parts[1], "Decrypt": parts[2]}

    class Answering:
        """A channel on which each method has its answer."""

        def unary_unary(self, method: str) -> Callable[..., bytes]:
            return lambda request, **_: answers[method.rpartition("/")[2]]

    plugin._channel._channel = Answering()
    try:
        cipher.open(parts[3], b"/registry/secrets/a/b")
    finally:
        with suppress(KstoreError):
            cipher.encrypt(parts[3], b"/registry/secrets/a/b")


READERS: dict[str, Reader] = {
    read.__name__: Reader(read.__name__, read)
    for read in (
        envelope, stored_value, json_text, cbor_value, pasted, yaml_input, database, whole_database, log_segment,
        sqlite_database, archive, export_directory, journal, plan, encryption_configuration, configuration,
        label_selector, field_selector, jsonpath, condition, webhook_answer, kms_v1, kms_v2,
    )
}  # fmt: skip
"""The readers by name."""


@cache
def _all_seeds() -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for line in lzma.decompress(SEEDS.read_bytes()).splitlines():
        members = json.loads(line)
        found.setdefault(members["reader"], []).append(base64.b64decode(members["data"]))
    return found


def seeds(name: str) -> list[bytes]:
    """What a reader begins with: whole and right, so that damage is near to what is right."""
    return _all_seeds()[name]
