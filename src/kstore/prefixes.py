"""
Below which prefixes of an etcd clusters keep their objects, told by what is there.

Several may share one etcd, each with an `--etcd-prefix` of its own, beside keys that are nobody's objects: those of
Calico, flannel or Cilium. Looks at one key of each directory, and jumps to the next: few keys are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from kstore.catalog.mapper import NamedResource, ResourceMapper
from kstore.decode.envelope import CBOR_PREFIX, ENCRYPTION_PREFIX, PROTOBUF_PREFIX, read_envelope
from kstore.errors import AccessDenied, KstoreError, UnclearPrefix
from kstore.records import Record, prefix_end
from kstore.source.interface import Source

DEFAULT = "/registry"
OPENSHIFT = ("/kubernetes.io", "/openshift.io")
"""Where OpenShift's two servers keep the objects of one cluster."""
_MOST_CLUSTERS = 50
"""As many are told of; who has more knows the name of the one that is meant."""
_MOST_DIRECTORIES = 24
"""So many directories are looked into before the known resources are asked for by name."""
_MOST_ELEMENTS = 256
"""So many first path elements are counted apart."""
REST = "(others)"
"""All further ones together."""


class Prefixes:
    """
    The prefixes of one source.

    Args:
        source: where keys are.
        resources: what a server keeps, by its directory.
        revision: look as of this revision; 0 is now.
    """

    def __init__(self, source: Source, resources: ResourceMapper[NamedResource], revision: int = 0) -> None:
        self._source = source
        self._resources = resources
        self._revision = revision
        self.limited = False
        """Whether a user's permissions have told which clusters there are, and not what is stored."""

    def is_empty(self, prefix: str) -> bool:
        """Whether no key is below a prefix; one that a user may read a part of only is not taken for empty."""
        try:
            return self._first(f"{prefix}/".encode()) is None
        except AccessDenied:
            return False

    def clusters(self) -> list[tuple[str, ...]]:
        """
        The prefixes of each cluster, in key order: one prefix each, two of an OpenShift.

        `/registry` and OpenShift's are a cluster's whatever is there, unless it is clusters; others where an object
        of a known resource is directly below, or a group's objects as an extension server keeps them.
        """
        try:
            found: list[tuple[str, ...]] = [(prefix,) for prefix in islice(self._prefixes(), _MOST_CLUSTERS)]
        except AccessDenied:
            found = [(prefix,) for prefix in self._permitted()]
            if not found:
                raise
            self.limited = True
        if (OPENSHIFT[0],) in found and (OPENSHIFT[1],) in found:
            found.remove((OPENSHIFT[1],))
            found[found.index((OPENSHIFT[0],))] = OPENSHIFT
        return found

    def of_cluster(self, given: str | None) -> tuple[str, ...]:
        """
        The prefixes of the one cluster that is meant: one; two of an OpenShift.

        An extension server that keeps its group below a prefix of its own (`/registry/wardle.example.com`) is
        recognized by the group's name coming twice.

        Args:
            given: the prefix that was asked for; None finds it.

        Raises:
            UnclearPrefix: several clusters are in the store, or one that is not where a server keeps it by default, and
                nobody said which is meant; or nothing is below the prefix that was given, but elsewhere.
        """
        if given is not None:
            return self._given(f"/{given.strip('/')}".rstrip("/"))
        clusters = self.clusters()
        if len(clusters) > 1:
            raise UnclearPrefix(f"the store holds several clusters, below {_named(clusters)}")
        if not clusters:
            if others := self.elsewhere(()):
                keys = ", ".join(f"{name} ({count:,})" for name, count in others.most_common(10))
                raise UnclearPrefix(f"no objects of Kubernetes are recognized; keys in the store: {keys}")
            return (DEFAULT,)
        found = clusters[0]
        if self.limited:
            return found
        if found[0] not in (DEFAULT, *OPENSHIFT):
            raise UnclearPrefix(f"nothing is stored below {DEFAULT}: objects are stored below {found[0]}")
        return (self._own_of_extension(found[0]), *found[1:])

    def _given(self, prefix: str) -> tuple[str, ...]:
        if self.is_empty(prefix) and (clusters := self.clusters()):
            raise UnclearPrefix(f"nothing is stored below {prefix or '/'}: objects are stored below {_named(clusters)}")
        return OPENSHIFT if prefix == OPENSHIFT[0] else (prefix,)

    def first_of_each_cluster(self) -> list[str]:
        """The prefix of each cluster, in key order; of an OpenShift, the first of its two."""
        tops = [found[0] for found in self.clusters()]
        return tops if self.limited else [self._own_of_extension(top) for top in tops]

    def _own_of_extension(self, candidate: str) -> str:
        """The prefix of an extension server alone, where that is all there is below a candidate; else the candidate."""
        top = f"{candidate}/".encode()
        first = self._first(top)
        group, slash, rest = first.key[len(top) :].partition(b"/") if first else (b"", b"", b"")
        if not (b"." in group and rest.startswith(group + b"/")):
            return candidate
        after = prefix_end(top + group + slash)
        return candidate if self._first(top, after) else f"{candidate}/{group.decode('utf-8', 'replace')}"

    def elsewhere(self, own: tuple[str, ...]) -> Counter[str]:
        """How many keys are outside some prefixes, by their first path element."""
        found: Counter[str] = Counter()
        left = self._count(b"") - sum(self._count(f"{prefix}/".encode()) for prefix in own)
        for directory, record in islice(self._directories(b""), _MOST_ELEMENTS):
            count = 1
            if directory.endswith(b"/"):
                inside = (top for prefix in own if (top := f"{prefix}/".encode()).startswith(directory))
                count = self._count(directory) - sum(map(self._count, inside))
            left -= count
            if count and record.key != b"compact_rev_key":
                found[directory.decode("utf-8", "backslashreplace").rstrip("/") or "/"] += count
        if left > 0:
            found[REST] = left
        return found

    def _count(self, prefix: bytes) -> int:
        return self._source.count(prefix, revision=self._revision)

    # ---- looking

    def _first(self, prefix: bytes, start: bytes = b"") -> Record | None:
        return self._source.first(prefix, revision=self._revision, start=start)

    def _directories(self, prefix: bytes) -> Iterator[tuple[bytes, Record]]:
        """Yield what is directly below a prefix, each with its first record; directories end in a slash."""
        record = self._first(prefix)
        while record is not None:
            path = record.key[len(prefix) :]
            name = path[: len(path) - len(path.lstrip(b"/"))] + path.lstrip(b"/").partition(b"/")[0]
            directory = prefix + name + (b"/" if len(name) < len(path) else b"")
            yield directory, record
            after = prefix_end(directory) if directory.endswith(b"/") and name.strip(b"/") else record.key + b"\0"
            record = self._first(prefix, after) if after.startswith(prefix) else None

    def _prefixes(self) -> Iterator[str]:
        """Yield the prefixes of clusters: one or two elements long, as far as they can be told from other keys."""
        at_root = False
        for directory, record in self._directories(b"/"):
            name = directory.decode("utf-8", "replace")
            prefix = name.rstrip("/")
            if not name.endswith("/") or name.startswith("//"):
                continue  # no server has such a prefix
            if self._is_prefix(directory):
                yield prefix
            elif prefix in (DEFAULT, *OPENSHIFT):
                yield from list(self._below(directory)) or [prefix]
            elif self._is_object(record, b"/"):
                if not at_root:
                    yield "/"
                at_root = True
            else:
                yield from self._below(directory)

    def _permitted(self) -> list[str]:
        """The prefixes that a user may read, or read a part of; in key order, each once."""
        found: dict[str, None] = {}
        for key in self._source.readable():
            text = key.decode("utf-8", "replace")
            known = [prefix for prefix in (DEFAULT, *OPENSHIFT) if f"{text.rstrip('/')}/".startswith(f"{prefix}/")]
            if known:
                found[known[0]] = None
            elif text.endswith("/") and self._is_prefix(key):
                found[text.rstrip("/")] = None
            else:
                parts = text.rstrip("/").split("/")
                tops = ("/".join(parts[:length]) for length in (2, 3) if len(parts) > length)
                found |= dict.fromkeys(
                    top for top in tops if self._resources.place(text.removeprefix(f"{top}/")) is not None
                )
        return list(found)

    def _below(self, directory: bytes) -> Iterator[str]:
        """Yield the prefixes directly below a directory that is none itself: tenants, each with a name of its own."""
        for below, _ in islice(self._directories(directory), _MOST_CLUSTERS):
            if below.endswith(b"/") and self._is_prefix(below):
                yield below.decode("utf-8", "replace").rstrip("/")

    def _is_prefix(self, directory: bytes) -> bool:
        """Whether an object is directly below a directory, as a server keeps its own."""
        looked = 0
        for _, record in islice(self._directories(directory), _MOST_DIRECTORIES):
            if self._is_object(record, directory):
                return True
            looked += 1
        if looked < _MOST_DIRECTORIES:
            return False
        probes = (directory + one.key_prefix.encode() + b"/" for one in self._resources.resources)
        return any(record is not None and self._is_object(record, directory) for record in map(self._first, probes))

    def _is_object(self, record: Record, directory: bytes) -> bool:
        """Whether a record is an object of a known resource, or of the group that its directory is named after."""
        path = record.key[len(directory) :].decode("utf-8", "replace")
        place = self._resources.place(path)
        if place is not None and place.resource.kind and place.name:
            return record.value.startswith(ENCRYPTION_PREFIX) or bool(_api_version(record.value))
        group, slash, rest = path.partition("/")
        return bool(slash) and "." in group and "/" in rest and _api_version(record.value).startswith(f"{group}/")


def _api_version(value: bytes) -> str:
    """The version that a stored object names; empty where the value is no object."""
    try:
        if value.startswith(PROTOBUF_PREFIX):
            return read_envelope(value).api_version
        if value.startswith(CBOR_PREFIX):
            from kstore.decode.cbor import loads as loads_cbor

            parsed = loads_cbor(value)
        else:
            from kstore.decode.json import go_json

            parsed = go_json.loads_fast(value)
    except KstoreError:
        return ""
    found = parsed.get("apiVersion") if isinstance(parsed, dict) and isinstance(parsed.get("kind"), str) else ""
    return found if isinstance(found, str) else ""


def _named(clusters: list[tuple[str, ...]]) -> str:
    return ", ".join(" and ".join(prefixes) for prefixes in clusters)
