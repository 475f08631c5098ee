"""
Backups as etcd-backup-restore writes them: names, events and checksums by its source, of a running etcd.

`pkg/types/snapstore.go` (names, layouts), `pkg/snapshot/snapshotter/snapshotter.go` (deltas). The program itself makes
them in `tests/e2e/test_gardener.py`, where it is installed.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from kstore.records import Revision

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress, ".zlib": zlib.compress}


def name_of(kind: str, first: int, last: int, created: int, suffix: str = "") -> str:
    """As `GenerateSnapshotName`."""
    return f"{kind}-{first:08d}-{last:08d}-{created}{suffix}"


def put_full(folder: Path, snapshot: bytes, last: int, created: int, suffix: str = "") -> Path:
    """A full snapshot: what etcd's API sends, compressed."""
    path = folder / name_of("Full", 0, last, created, suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(COMPRESSIONS[suffix](snapshot))
    return path


def put_delta(
    folder: Path, events: Sequence[Revision], created: int, suffix: str = "", first: int = 0, last: int = 0
) -> Path:
    """A delta snapshot of some changes."""
    mains = [event.record.mod_revision for event in events]
    path = folder / name_of("Incr", first or mains[0], last or mains[-1], created, suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(COMPRESSIONS[suffix](delta(events)))
    return path


def delta(events: Sequence[Revision]) -> bytes:
    """The events as Go marshals them, and their SHA-256."""
    text = b"[" + b",".join(json.dumps(_event(event), separators=(",", ":")).encode() for event in events) + b"]"
    return text + hashlib.sha256(text).digest()


def _event(event: Revision) -> dict[str, object]:
    record = event.record
    pair: dict[str, object] = {
        "key": base64.b64encode(record.key).decode(),
        "create_revision": record.create_revision,
        "mod_revision": record.mod_revision,
        "version": record.version,
        "value": base64.b64encode(record.value).decode(),
        "lease": record.lease,
    }
    # protobuf's members are `omitempty`, and PUT is 0
    kept = {name: value for name, value in pair.items() if value}
    return {
        "etcdEvent": {"type": 1, "kv": kept} if event.deleted else {"kv": kept},
        "time": "2026-11-29T02:00:00.000000000Z",
    }
