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
    assert run(["--store", "demo", "export", str(path), "pods", "configmaps", "secrets", "deploy", "--no-yaml"]) == 0
    rows = [json.loads(line) for line in (path / "index.jsonl").read_text().splitlines()]
    maps = next(row["key"] for row in rows if row["key"].startswith("/registry/configmaps/"))
    for row in rows:
        file = path / row["file"]
        value = file.read_bytes()
        changed = {
            CUT: value[: len(value) // 2],
            maps: value.replace(b"ConfigMap", b"ConfigMop"),
            SEALED: b"k8s:enc:aesgcm:v1:lost:" + value[::-1],
            RUBBISH: b"rubbish",
        }.get(row["key"])
        if changed is not None:
            file.write_bytes(changed)
            row["sha256"] = hashlib.sha256(changed).hexdigest()
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (path / "index.jsonl").write_text(text)
    header = json.loads((path / "export.json").read_text())
    header["index_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (path / "export.json").write_text(json.dumps(header))
    return path
