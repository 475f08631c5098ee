"""
Objects as rows of a Parquet file, for DuckDB, Spark or pandas over many clusters: one row an object.

Knows the columns; needs the extra `parquet` (pyarrow). Stored bytes are left out: `object` has them as JSON.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kstore.codec import StoredObject, Undecodable
from kstore.decode.json.raw_json import RawJSON
from kstore.errors import SourceError, UsageError, WriteRefused
from kstore.new_file import NewFile
from kstore.view.json_text import to_json_line
from kstore.view.mask import shown

if TYPE_CHECKING:
    import pyarrow

COLUMNS: Final = {
    "store": ("string", "The store's address."),
    "store_revision": ("int64", "The revision at which it was read."),
    "key": ("string", "The key in etcd."),
    "resource": ("string", "Such as `deployments`; empty for what no resource keeps."),
    "group": ("string", "The API group; empty for the core group."),
    "namespace": ("string", "Empty for cluster-scoped objects."),
    "name": ("string", "The object's name."),
    "stored_version": ("string", "The apiVersion it is stored in."),
    "kind": ("string", "Its kind."),
    "uid": ("string", "metadata.uid."),
    "created": ("string", "metadata.creationTimestamp."),
    "labels": ("map<string, string>", "metadata.labels."),
    "encoding": ("string", "`protobuf`, `json` or `cbor`; empty for what cannot be read."),
    "encryption": ("string", "Provider and key that it is encrypted with."),
    "size": ("int64", "Bytes of the stored value."),
    "sha256": ("string", "Of the stored value, in hex."),
    "create_revision": ("int64", "The revision that created it."),
    "mod_revision": ("int64", "The revision that changed it last."),
    "version": ("int64", "How often it was changed."),
    "lease": ("int64", "The lease that will delete it; 0 for none."),
    "error": ("string", "Why it cannot be read; null for what can."),
    "object": ("string", "The object as JSON in its stored version; null for what cannot be read."),
}
"""Name, type and meaning of each column, in order. A contract: columns are added, never changed."""
_GROUP_ROWS = 2_000
"""Rows that are held before they are written."""


def row(read: StoredObject | Undecodable, place: Mapping[str, str], *, secrets: bool = False) -> dict[str, Any]:
    """
    One object's row, without the store's own columns.

    Args:
        read: the object.
        place: `resource`, `group`, `namespace` and `name`, as far as the key tells them.
        secrets: show the values of Secrets.
    """
    record = read.record
    found: dict[str, Any] = {
        "key": record.key.decode(errors="backslashreplace"),
        **{name: place.get(name, "") for name in ("resource", "group", "namespace", "name")},
        "encryption": "" if read.encryption_header is None else str(read.encryption_header),
        "encoding": "",
        "size": len(record.value),
        "sha256": hashlib.sha256(record.value).hexdigest(),
        "create_revision": record.create_revision,
        "mod_revision": record.mod_revision,
        "version": record.version,
        "lease": record.lease,
    }
    if isinstance(read, Undecodable):
        return found | {"error": f"{read.error.code}: {read.error}"}
    metadata = read.object.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    labels = metadata.get("labels")
    return found | {
        "stored_version": read.gvk.api_version,
        "kind": read.gvk.kind,
        "encoding": read.encoding,
        "name": found["name"] or _text(metadata.get("name")),
        "uid": _text(metadata.get("uid")),
        "created": _text(metadata.get("creationTimestamp")),
        "labels": [(str(key), _text(value)) for key, value in labels.items()] if isinstance(labels, dict) else [],
        "object": to_json_line(
            shown(read.object, resource_version=record.mod_revision, secrets=secrets, managed_fields=True)
        ).rstrip("\n"),
    }


def _text(value: Any) -> str:
    value = value.value if type(value) is RawJSON else value
    return value if isinstance(value, str) else ""


def write_parquet(path: Path, rows: Iterable[Mapping[str, Any]], common: Mapping[str, Any]) -> int:
    """
    Write rows to a new file, which appears whole or not at all; how many there were.

    Args:
        path: the file.
        rows: what `row` makes.
        common: the columns that are the same in each row.

    Raises:
        UsageError: pyarrow is not installed.
        WriteRefused: the file is there already.
        SourceError: it cannot be written.
    """
    try:
        import pyarrow
        from pyarrow.parquet import ParquetWriter
    except ImportError:
        raise UsageError("Parquet needs pyarrow", hint="pip install 'kstore[parquet]'") from None
    if path.exists():
        raise WriteRefused("the file is there already", where=str(path), hint="name another file")
    schema = _schema(pyarrow)
    count = 0
    try:
        with NewFile(path) as new, os.fdopen(os.dup(new.descriptor), "wb") as file:
            with ParquetWriter(file, schema, compression="zstd") as writer:
                held: list[dict[str, Any]] = []
                for each in rows:
                    held.append({**common, **each})
                    count += 1
                    if len(held) == _GROUP_ROWS:
                        writer.write_table(pyarrow.Table.from_pylist(held, schema))
                        held = []
                writer.write_table(pyarrow.Table.from_pylist(held, schema))
            file.flush()
            new.publish(replace=False)
    except BlockingIOError as taken:
        raise WriteRefused(str(taken.strerror), where=str(path), hint="name another file") from None
    except FileExistsError:
        raise WriteRefused("the file is there already", where=str(path), hint="name another file") from None
    except OSError as error:
        raise SourceError(f"cannot be written: {error.strerror or error}", where=str(path)) from error
    return count


def _schema(pyarrow: Any) -> pyarrow.Schema:
    types = {
        "string": pyarrow.string(),
        "int64": pyarrow.int64(),
        "map<string, string>": pyarrow.map_(pyarrow.string(), pyarrow.string()),
    }
    return pyarrow.schema([pyarrow.field(name, types[kind]) for name, (kind, _) in COLUMNS.items()])
