"""
A proof as a record for auditors: a dated, hashed JSON document in the form of an in-toto statement, to be signed by
others (`cosign attest-blob` and the like).

What its members say is in `docs/reference/proof.md`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kstore.errors import NotFound, SourceError
from kstore.inspect.backup_proof import Counts, Expected, Step, Verdict
from kstore.new_file import NewFile
from kstore.regular_file import read_regular

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:kstore:backup-proof:v1"
LARGEST = 64 << 20
"""Bytes of a record that is read."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What was proved."""

    name: str
    digests: dict[str, str]
    """By algorithm, in hex: `sha256` of a file, `kstoreContent` of what any store holds."""


@dataclass(frozen=True)
class Proof:
    """The steps of a proof, and what they come to."""

    subject: Subject
    steps: Sequence[Step]
    store: dict[str, Any]
    """Kind, revision and sizes of the store."""
    counts: Counts
    release: str
    time: datetime
    kstore: str
    """The version of kstore that proved it."""
    etcd: str = ""
    """The version of the etcd that served it; empty where none did."""

    @property
    def proved(self) -> bool:
        """Whether no step has failed."""
        return all(one.verdict is not Verdict.FAILED for one in self.steps)

    def statement(self) -> dict[str, Any]:
        """The record."""
        predicate: dict[str, Any] = {
            "verdict": "proved" if self.proved else "not proved",
            "time": self.time.isoformat(timespec="seconds"),
            "kstore": self.kstore,
            "etcd": self.etcd,
            "release": self.release,
            "store": self.store,
            "steps": [
                {"name": one.name, "verdict": one.verdict.value, "detail": one.detail, "facts": dict(one.facts)}
                for one in self.steps
            ],
            "resources": {
                name: {"objects": count, "bytes": self.counts.bytes[name]}
                for name, count in sorted(self.counts.objects.items())
            },
        }
        predicate["sha256"] = digest(predicate)
        return {
            "_type": STATEMENT,
            "subject": [{"name": self.subject.name, "digest": self.subject.digests}],
            "predicateType": PREDICATE,
            "predicate": predicate,
        }


def digest(predicate: dict[str, Any]) -> str:
    """The SHA-256 of a predicate without its own `sha256`, as compact JSON with sorted keys, in hex."""
    bare = {name: value for name, value in predicate.items() if name != "sha256"}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def expected_by(path: Path) -> Expected:
    """
    What an earlier record says that there is.

    Raises:
        NotFound: there is no such file.
        SourceError: it is no record of a proof, or was changed since it was written.
    """
    try:
        data = read_regular(path, LARGEST)
    except FileNotFoundError:
        raise NotFound("there is no such record", where=str(path)) from None
    except OSError as error:
        raise SourceError(f"the record cannot be read: {error.strerror}", where=str(path)) from error
    try:
        statement = json.loads(data)
        predicate = statement["predicate"]
        if statement["predicateType"] != PREDICATE:
            raise ValueError
        missing = [name for one in predicate["steps"] for name in one["facts"].get("missing", ())]
        resources = frozenset(map(str, (*predicate["resources"], *missing)))
        found = Expected(str(predicate["time"]), resources, str(predicate["sha256"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise SourceError("this is no record of a proof", where=str(path), hint="`store.prove()` makes one") from None
    if digest(predicate) != found.sha256:
        raise SourceError(
            "the record was changed since it was written: its SHA-256 does not hold",
            where=str(path),
            hint="take it from where it was kept, or name another file",
        )
    return found


def write_record(path: Path, proof: Proof) -> str:
    """
    Write a record, over one that is there; whole or not at all.

    Returns:
        The SHA-256 of the file, in hex.

    Raises:
        SourceError: it cannot be written.
    """
    data = (json.dumps(proof.statement(), indent=2, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")
    try:
        with NewFile(path) as new:
            with os.fdopen(os.dup(new.descriptor), "wb") as file:
                file.write(data)
            new.publish()
    except OSError as error:
        raise SourceError(f"the record cannot be written: {error.strerror}", where=str(path)) from error
    return hashlib.sha256(data).hexdigest()
