"""
What is asked of one store, and its answer as rows: runs in a process that does nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from kstore.catalog.server_flags import ServerFlags
from kstore.codec import StoredObject
from kstore.decode.projection import Projection
from kstore.inspect.clock import newest_time
from kstore.inspect.findings import as_document
from kstore.library.opening import Opening
from kstore.library.store import Store
from kstore.source.options import SourceOptions
from kstore.store import Store as ObjectStore
from kstore.store import is_housekeeping

Row = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """One store, and what is asked of it. Made of text and numbers alone, so that it can go anywhere."""

    kind: str
    """A name in `KINDS`."""
    address: str
    reading: Mapping[str, Any] = field(default_factory=dict)
    """
    How the store is opened: `release`, `flags` of its server by their own names, `encryption_config`, `prefix`, and
    what `as_reading` says.
    """
    asked: Mapping[str, Any] = field(default_factory=dict)
    """What else the kind takes: `target_release`, `folder`."""
    mark: str = ""
    """What the store's content is known by, so that a result can be kept; empty where nothing tells."""

    def as_document(self) -> dict[str, Any]:
        """The task as JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Kind:
    """One thing that can be asked of a store."""

    columns: dict[str, str]
    """The columns of its rows, in order: `string` or `int64`; what else a row has is for the page of its store."""
    short: tuple[str, ...]
    """Those that a person looks at first, among them `RESULT`."""
    answer: Callable[[Opening, Mapping[str, Any]], list[Row]]
    found: Callable[[Row], bool] = lambda _: False
    """Whether a row says that something was found."""
    prepare: Callable[[Opening, Mapping[str, Any]], object] | None = None
    """Does the same without a trace; None where the answer itself leaves none."""


RESULT: Final = "result"
"""What a person sees of how it went: the verdict, or, where there is none, the status."""
_NAMED: Final = ("release", "encryption_config", "prefix")
_CALLED: Final = ("fetching", "unpacking")
"""Options of a source that are for who looks on."""
_FILES: Final = ("cacert", "cert", "key")


def as_reading(options: SourceOptions) -> dict[str, Any]:
    """What options say beyond what goes without saying, as JSON, right from any directory."""
    said = {one.name: getattr(options, one.name) for one in fields(options) if one.name not in _CALLED}
    plain = SourceOptions()
    reading = {name: value for name, value in said.items() if value != getattr(plain, name)}
    return {name: str(value.absolute()) if name in _FILES else value for name, value in reading.items()}


def source_options(reading: Mapping[str, Any]) -> SourceOptions:
    """The options that a reading says."""
    said: dict[str, Any] = {name: value for name, value in reading.items() if name not in (*_NAMED, "flags")}
    said |= {name: Path(said[name]) for name in _FILES if name in said}
    said |= {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
    return SourceOptions(**said)


def answer(task: Task) -> list[Row]:
    """
    Open the store of a task and answer it.

    Raises:
        KstoreError: the store cannot be opened or read.
    """
    with _opened(task) as opening:
        return [{"store": task.address, **row} for row in KINDS[task.kind].answer(opening, task.asked)]


def prepare(task: Task) -> None:
    """
    Load and compile what tasks of this kind and release need of most stores, by asking the same of the demo store.

    Files and types alone: nothing is opened that a copy of this process could not use.
    """
    kind = KINDS[task.kind]
    reading = {name: task.reading[name] for name in ("release", "flags") if name in task.reading}
    demo = Task(task.kind, "demo", reading)
    with suppress(Exception), _opened(demo) as opening:  # what is wrong, the task itself tells
        (kind.prepare or kind.answer)(opening, task.asked)


@contextmanager
def _opened(task: Task) -> Iterator[Opening]:
    named = {name: task.reading.get(name, "") for name in _NAMED}
    opening = Opening(
        task.address, source_options(task.reading), flags=ServerFlags.of(task.reading.get("flags", {})), plugins=None,
        not_loaded=lambda _: None, environment={}, **named,
    )  # fmt: skip
    try:
        yield opening
    finally:
        opening.close()


# ---- the kinds


_SEEN: Final = Projection.of(
    [
        ("metadata", "uid"), ("metadata", "name"), ("metadata", "creationTimestamp"), ("metadata", "deletionTimestamp"),
        ("metadata", "managedFields"), ("status", "nodeInfo", "kubeletVersion"),
    ]
)  # fmt: skip
_SEVERITIES: Final = {"error": "errors", "warning": "warnings", "note": "notes"}


@dataclass
class _Seen:
    """What one pass over a store tells."""

    objects: int = 0
    size: int = 0
    undecodable: int = 0
    newest: str = ""
    cluster: str = ""
    kubelets: set[str] = field(default_factory=set)
    versions: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Objects by resource, the version they are stored in, and the one that the target stores."""


def _pass(store: ObjectStore, target: Store) -> _Seen:
    wanted = {one.resource + (f".{one.group}" if one.group else ""): one.storage_version for one in target.resources()}
    seen, codec = _Seen(), store.codec
    for record in store.records():
        if is_housekeeping(record):
            continue
        seen.objects += 1
        seen.size += len(record.value)
        read = codec.read(record, _SEEN)
        if not isinstance(read, StoredObject):
            seen.undecodable += 1
            continue
        place = store.any_place(record.key)
        name = f"{place.resource.resource}.{place.resource.group}".rstrip(".") if place else ""
        seen.versions[name, read.gvk.api_version, wanted.get(name, "")] += 1
        metadata = read.object.get("metadata")
        if isinstance(metadata, dict):
            seen.newest = max(seen.newest, newest_time(metadata))
            if read.gvk.kind == "Namespace" and metadata.get("name") == "kube-system":
                seen.cluster = str(metadata.get("uid") or "")
        if read.gvk.kind == "Node":
            seen.kubelets.add(_kubelet(read.object))
    return seen


def _kubelet(node: dict[str, Any]) -> str:
    status = node.get("status")
    info = status.get("nodeInfo") if isinstance(status, dict) else None
    return str(info.get("kubeletVersion") or "") if isinstance(info, dict) else ""


def _newest_release(kubelets: set[str]) -> str:
    """The newest of versions such as `v1.34.2`."""
    numbers = [tuple(int(part) for part in text.lstrip("v").split(".")[:2] if part.isdigit()) for text in kubelets]
    return ".".join(map(str, max(numbers, default=())))


def _check(opening: Opening, asked: Mapping[str, Any]) -> list[Row]:
    store = Store(opening.store, opening)
    target = str(asked.get("target_release") or "")
    meant = store.read_as(target)
    found = store.check(target)
    seen = _pass(opening.store, Store(meant, opening, owned=False))
    counts = {column: sum(one.rule.severity == name for one in found) for name, column in _SEVERITIES.items()}
    below = sum(count for (_, stored, wanted), count in seen.versions.items() if wanted and stored != wanted)
    status = opening.source.status()
    return [
        {
            "cluster": seen.cluster,
            "release": _newest_release(seen.kubelets),
            "target_release": str(meant.codec.scheme.release),
            "revision": status.revision,
            "newest": seen.newest,
            "size": status.size,
            "objects": seen.objects,
            "undecodable": seen.undecodable,
            **counts,
            "below_target": below,
            "verdict": next((name for name, count in counts.items() if count), "clean"),
            "findings": as_document(found, {})["findings"],
        }
    ]


def _versions(opening: Opening, asked: Mapping[str, Any]) -> list[Row]:
    store = Store(opening.store, opening)
    meant = Store(store.read_as(str(asked.get("target_release") or "")), opening, owned=False)
    seen = _pass(opening.store, meant)
    return [
        {"resource": resource, "stored_version": stored, "storage_version": wanted, "objects": count}
        for (resource, stored, wanted), count in sorted(seen.versions.items())
    ]


def _analyze(opening: Opening, asked: Mapping[str, Any]) -> list[Row]:
    from kstore.tree import tree

    return [
        {
            "resource": f"{one.resource.resource}.{one.resource.group}".rstrip(".") if one.resource else one.path,
            "objects": one.count,
            "bytes": one.size,
            "undecodable": one.undecodable,
            "namespaces": len(one.namespaces),
        }
        for one in tree(opening.store)
    ]


def _export(opening: Opening, asked: Mapping[str, Any]) -> list[Row]:
    from kstore.sql.asked_store import AskedStore
    from kstore.sql.parquet import partition_of, write_parquet
    from kstore.sql.tables import object_rows

    store = AskedStore.pinned(opening.store)
    path = partition_of(Path(str(asked["folder"])), str(asked.get("store") or store.address), store.revision)
    if path.exists():
        return [{"file": str(path), "revision": store.revision, "objects": None}]
    count = write_parquet(path, object_rows(store), partitioned=True)
    return [{"file": str(path), "revision": store.revision, "objects": count}]


def _computed(opening: Opening, asked: Mapping[str, Any]) -> None:
    """What `_export` writes, written nowhere."""
    from kstore.sql.arrow import batches, schema_of
    from kstore.sql.asked_store import AskedStore
    from kstore.sql.columns import OBJECTS
    from kstore.sql.parquet import require_pyarrow
    from kstore.sql.tables import object_rows

    require_pyarrow()
    for _ in batches(object_rows(AskedStore.pinned(opening.store)), OBJECTS, schema_of(OBJECTS, json=False)):
        pass


def _prove(opening: Opening, asked: Mapping[str, Any]) -> list[Row]:
    from kstore.library.backup_proof import Asked, prove

    proof = prove(opening, Asked(str(asked.get("target_release") or "")))
    steps = {one.name: one.verdict.value for one in proof.steps}
    failed = "; ".join(f"{one.name}: {one.detail}" for one in proof.steps if one.verdict.value == "failed")
    return [
        {
            "sha256": proof.subject.digests.get("sha256", ""),
            "revision": proof.store.get("revision"),
            "proved": int(proof.proved),
            "verdict": "proved" if proof.proved else "not proved",
            **{name: steps.get(name, "") for name in _STEPS},
            "why": failed,
        }
    ]


_STEPS: Final = ("whole", "complete", "decodes", "keys", "target", "age")


def _typed(text: Sequence[str] = (), numbers: Sequence[str] = ()) -> dict[str, str]:
    return {**dict.fromkeys(text, "string"), **dict.fromkeys(numbers, "int64")}


KINDS: Final = {
    "check": Kind(
        {
            **_typed(["store", "cluster", "release", "target_release"], ["revision"]), "newest": "string",
            **_typed([], ["age_hours", "size", "objects", "undecodable"]),
            **_typed([], ["errors", "warnings", "notes", "below_target"]),
            "verdict": "string",
        },
        ("store", "release", "objects", "below_target", "errors", "warnings", RESULT),
        _check,
        lambda row: bool(row["errors"] or row["warnings"] or row["notes"]),
    ),
    "versions": Kind(
        _typed(["store", "resource", "stored_version", "storage_version"], ["objects"]),
        ("store", "resource", "stored_version", "storage_version", "objects", RESULT),
        _versions,
    ),
    "analyze": Kind(
        _typed(["store", "resource"], ["objects", "bytes", "undecodable", "namespaces"]),
        ("store", "resource", "objects", "bytes", RESULT),
        _analyze,
    ),
    "export": Kind(
        _typed(["store", "file"], ["revision", "objects"]),
        ("store", "revision", "objects", RESULT),
        _export,
        prepare=_computed,
    ),
    "prove": Kind(
        {**_typed(["store", "sha256"], ["revision", "proved"]), **_typed(["verdict", *_STEPS, "why"])},
        ("store", "revision", RESULT, "why"),
        _prove,
        lambda row: not row["proved"],
    ),
}  # fmt: skip
"""What can be asked, by the name of the command."""


def kstore_version() -> str:
    """The version that answers."""
    from kstore import __version__

    return __version__
