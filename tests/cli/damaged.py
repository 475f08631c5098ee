"""
A store with objects that cannot be read: an export of the demo store, some of its values changed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from kstore.cli.main import run

CUT, UNKNOWN, SEALED, RUBBISH = (
    "/registry/pods/default/webserver",
    "/registry/configmaps/shop/unknown-type",
    "/registry/secrets/shop/payment-gateway",
    "/registry/deployments/shop/cart",
)


def damaged_store(path: Path) -> Path:
    """Write the store into a new directory: a value cut short, an unknown type, one encrypted, one that is rubbish."""
    wanted = ("pods", "configmaps", "secrets", "deploy")
    values = {row["key"]: value for row, value in _exported(path, *wanted)}
    maps = next(key for key in values if key.startswith("/registry/configmaps/"))
    return changed_store(
        path,
        {
            CUT: values[CUT][: len(values[CUT]) // 2],
            maps: values[maps].replace(b"ConfigMap", b"ConfigMop"),
            SEALED: b"k8s:enc:aesgcm:v1:lost:" + values[SEALED][::-1],
            RUBBISH: b"rubbish",
        },
    )


def store_with(path: Path, resource: str, changes: dict[str, bytes]) -> Path:
    """Write one resource of the demo store into a new directory, some values (by key) changed."""
    _exported(path, resource)
    return changed_store(path, changes)


def _exported(path: Path, *resources: str) -> list[tuple[dict[str, str], bytes]]:
    """Export resources of the demo store; each object's row of the index, and its value."""
    assert run(["--store", "demo", "export", str(path), *resources, "--no-yaml"]) == 0
    rows = [json.loads(line) for line in (path / "index.jsonl").read_text().splitlines()]
    return [(row, (path / row["file"]).read_bytes()) for row in rows]


def changed_store(path: Path, changes: dict[str, bytes]) -> Path:
    """An export with other values, its checksums right again."""
    rows = [json.loads(line) for line in (path / "index.jsonl").read_text().splitlines()]
    for row in rows:
        if (changed := changes.get(row["key"])) is not None:
            (path / row["file"]).write_bytes(changed)
            row["sha256"] = hashlib.sha256(changed).hexdigest()
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (path / "index.jsonl").write_text(text)
    header = json.loads((path / "export.json").read_text())
    header["index_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (path / "export.json").write_text(json.dumps(header))
    return path
