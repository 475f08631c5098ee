"""
From an address to a store: what people write, what the environment says, and what is there if nobody says
anything.

Knows the notations of addresses, etcdctl's variables and the order in which they count. Each kind of store is
imported only when it is opened. Knows nothing of the command line, which hands in what was given.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from kstore.errors import NotADatabase, StoreNotFound, StoreUnreachable, UsageError
from kstore.regular_file import is_handed_over
from kstore.source.gardener.names import is_backup, parse_name
from kstore.source.interface import Source
from kstore.source.location.config_file import Context, config_path, read_contexts
from kstore.source.location.missing import nothing_at
from kstore.source.options import MAX_SECONDS, SourceOptions
from kstore.source.remote.address import is_remote, without_credentials

DEMO = "demo"
STANDARD_INPUT = "-"
DEFAULT = "http://127.0.0.1:2379"
DEFAULT_ORIGIN = "the default"
"""Who said so when nobody did."""
_GIVEN = "`address=`"
_OFFER = "`address='demo'` is a small cluster that comes with kstore"

_LIVE = re.compile(r"(https?|unixs?)://|unixs?:")
_FILE = "file://"
_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+):\d{1,5}")
_ETCD2 = "etcd2+"
_SRV = "srv://"

# etcdctl's variables (`etcdctl/ctlv3/ctl.go`: every flag has one) and the option each one fills.
_FILES = {"ETCDCTL_CACERT": "cacert", "ETCDCTL_CERT": "cert", "ETCDCTL_KEY": "key"}
_DURATIONS = {"ETCDCTL_DIAL_TIMEOUT": "dial_timeout", "ETCDCTL_COMMAND_TIMEOUT": "command_timeout"}
_TLS_OPTIONS = ("cacert", "cert", "key", "insecure_skip_tls_verify")

_USERINFO = re.compile(r"://([^/,\s]*)@")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


@dataclass(frozen=True, slots=True)
class Location:
    """Which store is meant, how to reach it, and who said so."""

    address: str
    options: SourceOptions = field(default_factory=SourceOptions)
    origin: str = _GIVEN
    """Where the address comes from, in words for an error: `$KSTORE_STORE`, `context prod of …`."""
    etcd_prefix: str = ""
    """The key prefix that whoever named the store also named; empty if nobody did."""
    encryption_config: str = ""
    """The file of the EncryptionConfiguration that it also named; empty if nobody did."""

    @property
    def shown(self) -> str:
        """The address without what permits to read it: what people and files are given."""
        return without_credentials(self.address)

    @property
    def absolute(self) -> str:
        """The same, right from any directory: a file's whole path."""
        whole, mark, member = os.path.expanduser(self.address).rpartition("!")
        if mark and Path(whole).is_file() and not Path(whole + mark + member).exists():
            return f"{Path(whole).resolve()}{mark}{member}"
        path = Path(os.path.expanduser(self.address))
        return str(path.resolve()) if path.exists() and self.address != DEMO else self.shown


def open_source(
    address: str = "",
    options: SourceOptions | None = None,
    *,
    context: str = "",
    environment: Mapping[str, str] | None = None,
) -> Source:
    """
    Open the store that is meant; see `locate_store` for which one that is.

    A running store is contacted once, so that what is wrong with the address is said here and not in the
    middle of something.

    Raises:
        StoreNotFound: no such file or directory.
        StoreUnreachable: nobody answers; says what was tried.
        SourceError: something is there, but no store that kstore reads.
        UsageError: an address, option or context that cannot be meant.
    """
    return open_location(locate_store(address, options, context=context, environment=environment))


def locate_store(
    address: str = "",
    options: SourceOptions | None = None,
    *,
    context: str = "",
    environment: Mapping[str, str] | None = None,
    root: Path = Path("/"),
) -> Location:
    """
    Find out which store is meant, without opening it.

    The first that says something counts: the address given; the context named; `$KSTORE_STORE`; etcdctl's
    variables; the current context of the config file; the control plane that runs on this machine;
    `http://127.0.0.1:2379`. etcdctl's variables also fill in what credentials are not given, as they do for
    etcdctl. A user and password within the address go to the options: an address is shown, in errors too.

    Args:
        address: what the user wrote, or empty.
        options: credentials that the user gave; they win over all others.
        context: the name of a context of the config file.
        environment: variables; the process's own if None.
        root: where the file system of the node begins, to look for a control plane.

    Raises:
        UsageError: a variable or a context that cannot be meant.
    """
    variables = os.environ if environment is None else environment
    return _as_path(_located(address, options or SourceOptions(), context, variables, root))


def _as_path(location: Location) -> Location:
    """The location with the path that a `file://` address names; else without user and password in its address."""
    if not location.address.startswith(_FILE):
        return _without_userinfo(location)
    parts = urlsplit(location.address)
    if parts.netloc not in ("", "localhost") or not parts.path:
        raise UsageError(
            "file:// names no file of this machine", where=location.shown, hint="write file:///PATH, or the path"
        )
    return replace(location, address=unquote(parts.path))


def _without_userinfo(location: Location) -> Location:
    """The location with the user and password that its address holds in its options, unless others are given."""
    match = _USERINFO.search(location.address)
    if match is None:
        return location
    options = location.options
    if not options.user:
        user, _, password = match[1].partition(":")
        options = replace(options, user=unquote(user), password=unquote(password))
    return replace(location, address=_USERINFO.sub("://", location.address), options=options)


def _located(address: str, given: SourceOptions, context: str, variables: Mapping[str, str], root: Path) -> Location:
    if address:
        return Location(address, with_etcdctl_variables(address, given, variables))
    if context:
        return _of_context(read_contexts(config_path(variables)).named(context), given)
    if stored := variables.get("KSTORE_STORE"):
        return Location(stored, with_etcdctl_variables(stored, given, variables), "$KSTORE_STORE")
    for name, scheme in (("ETCDCTL_ENDPOINTS", ""), ("ETCDCTL_DISCOVERY_SRV", _SRV)):
        if value := variables.get(name):
            value = scheme + value
            return Location(value, with_etcdctl_variables(value, given, variables), f"${name}")
    current = read_contexts(config_path(variables)).current()
    if current is not None:
        return _of_context(current, given)
    from kstore.source.location.control_plane import find_on_node

    if node := find_on_node(given, root=root):
        return Location(node.endpoints, node.options, node.origin, node.etcd_prefix)
    return Location(DEFAULT, with_etcdctl_variables(DEFAULT, given, variables), DEFAULT_ORIGIN)


def open_location(location: Location) -> Source:
    """Open a store that was located; see `open_source`."""
    address = location.address.strip()
    try:
        if address == DEMO:
            from kstore.source.location.demo import open_demo

            return open_demo()
        if address.startswith(_ETCD2):
            from kstore.source.etcd2 import Etcd2Source

            old = Etcd2Source(address.removeprefix(_ETCD2).split(","), location.options)
            old.reach()
            return old
        if is_remote(address):
            from kstore.source.location.elsewhere import open_remote

            return open_remote(address, location.options)
        if is_live(address):
            return _open_live(address, location.options)
        return _open_path(Path(os.path.expanduser(address)), location.options)
    except StoreUnreachable as error:
        error.hint = "; ".join(filter(None, (error.hint, _who_named_it(location))))
        raise


def _who_named_it(location: Location) -> str:
    """What to say of an address at which nothing answers; nothing of one that was given with the call."""
    if location.origin == DEFAULT_ORIGIN:
        return f"no store was named with `address=`; {_OFFER}"
    return "" if location.origin == _GIVEN else f"the address comes from {location.origin}"


def is_live(address: str) -> bool:
    """Whether an address names servers of etcd; what exists as a file or directory never does."""
    if is_remote(address):
        return False
    if address.startswith(_SRV) or _LIVE.match(address):
        return True
    parts = address.split(",")
    return all(_HOST_AND_PORT.fullmatch(part) or _LIVE.match(part) for part in parts) and not Path(address).exists()


def uses_tls(address: str) -> bool:
    """Whether a server at an address may be spoken to over TLS: not a file, and not all of it plain text."""
    if is_remote(address):
        return not address.startswith("http://")
    bare = address.removeprefix(_ETCD2)
    return (bare != address or is_live(address)) and not all(
        part.strip().startswith(("http://", "unix:")) for part in bare.split(",")
    )


def _open_live(address: str, options: SourceOptions) -> Source:
    if address.startswith(_SRV):
        from kstore.source.etcd.dns_srv import discover

        endpoints = discover(address.removeprefix(_SRV), timeout=options.dial_timeout)
    else:
        endpoints = [part.strip() for part in address.split(",") if part.strip()]
    from kstore.source.etcd.live import LiveSource

    source = LiveSource(endpoints, options)
    try:
        source.reach()
    except BaseException:
        source.close()
        raise
    return source


def _open_path(path: Path, options: SourceOptions) -> Source:
    """A file, a folder or a pipe; `ARCHIVE!MEMBER` names a part of an archive."""
    if str(path) == STANDARD_INPUT:
        if sys.stdin.isatty():
            raise UsageError(
                "standard input is a terminal: there is no store to read",
                hint="`address='-'` reads what comes through a pipe",
            )
        return _open_stream(sys.stdin.buffer, "standard input", options)
    whole, mark, member = str(path).rpartition("!")
    if not path.exists() and mark and Path(whole).is_file():
        with Path(whole).open("rb") as stream:
            return _open_stream(stream, whole, options, member)
    if not path.exists():
        raise nothing_at(path)
    if path.is_file():
        part = parse_name(path.name)
        if part is not None and not part.full:
            raise UsageError(
                "this is what has changed since a full snapshot", where=str(path), hint="name the folder of both"
            )
        return _open_file(path, options)
    if path.is_dir():
        return _open_folder(path, options)
    if not (path.is_fifo() and is_handed_over(path)):
        raise NotADatabase(
            "this is neither a file nor a directory",
            where=str(path),
            hint="what comes through a pipe: `address='-'` reads standard input",
        )
    with path.open("rb") as stream:
        return _open_stream(stream, str(path), options)


def _open_stream(stream: IO[bytes], shown: str, options: SourceOptions, member: str = "") -> Source:
    from kstore.source.archive.source import open_stream

    return open_stream(
        stream, shown, member=member, salvage=options.salvage, wal=options.wal, progress=options.unpacking
    )


def _open_file(path: Path, options: SourceOptions) -> Source:
    from kstore.source.archive.contents import HEAD, archive_suffix, kind_of

    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD)
            kind = kind_of(head)
            if kind in ("compressed", "tar", "zip") or (head and not kind and archive_suffix(path.name)):
                stream.seek(0)
                return _open_stream(stream, str(path), options)
    except OSError as error:
        raise StoreNotFound(f"cannot be opened: {error.strerror}", where=str(path)) from error
    if kind == "sqlite":
        from kstore.source.sqlite.source import SqliteSource

        return SqliteSource(path)
    from kstore.source.snapshot.digest import Memory, Unchecked
    from kstore.source.snapshot.source import SnapshotSource

    memory = Unchecked() if options.for_hints else Memory.of_user() if options.remembers else None
    return SnapshotSource(path, salvage=options.salvage, wal=options.wal, memory=memory)


def _open_folder(path: Path, options: SourceOptions) -> Source:
    """A data directory of etcd, an export, or whatever holds one store."""
    if any((path / part).exists() for part in ("member", "snap")) or (path / "db").is_file():
        from kstore.source.snapshot.source import SnapshotSource

        return SnapshotSource(path, salvage=options.salvage, wal=options.wal)
    from kstore.source.export_directory import DirectorySource, is_export

    if is_export(path):
        return DirectorySource(path, salvage=options.salvage)
    from kstore.source.archive.folder import files_below, find_store

    files = [str(file) for file in files_below(path)]
    if is_backup(files):
        from kstore.source.location.elsewhere import open_backup

        return open_backup(files, str(path), options)
    found, note = find_store(path)
    try:
        source = _open_file(found, options) if found.is_file() else _open_folder(found, options)
    except NotADatabase as error:
        raise NotADatabase(error.message, where=error.where, hint=f"nothing else in {path} can be a store") from None
    source.notes = (note, *source.notes)
    return source


def _of_context(context: Context, given: SourceOptions) -> Location:
    options = overridden(context.options, given)
    return Location(context.store, options, context.origin, context.etcd_prefix, context.encryption_config)


def overridden(base: SourceOptions, given: SourceOptions) -> SourceOptions:
    """`base` with whatever differs from the defaults in `given`."""
    default = SourceOptions()
    changes = {
        each.name: getattr(given, each.name)
        for each in fields(SourceOptions)
        if getattr(given, each.name) != getattr(default, each.name)
    }
    return replace(base, **changes)


def with_etcdctl_variables(address: str, given: SourceOptions, variables: Mapping[str, str]) -> SourceOptions:
    """
    The given options, filled in with what etcdctl's variables say.

    Certificates are left out for an address that is plain text: a variable is no statement about that
    address.

    Raises:
        UsageError: a variable that etcdctl would not take either.
    """
    found: dict[str, Any] = {option: Path(variables[name]) for name, option in _FILES.items() if variables.get(name)}
    if user := variables.get("ETCDCTL_USER"):
        name, _, password = user.partition(":")
        found.update(user=name, password=password or variables.get("ETCDCTL_PASSWORD", ""))
    if variables.get("ETCDCTL_INSECURE_SKIP_TLS_VERIFY", "").lower() in ("true", "1", "t"):
        found["insecure_skip_tls_verify"] = True
    for name, option in _DURATIONS.items():
        if text := variables.get(name):
            found[option] = parse_duration(text, f"${name}")
    if is_remote(address):
        return given  # they speak of an etcd
    if address.startswith(("http://", "unix:", f"{_ETCD2}http://")):
        found = {name: value for name, value in found.items() if name not in _TLS_OPTIONS}
    return overridden(replace(SourceOptions(), **found), given)


def parse_duration(text: str, where: str) -> float:
    """
    Seconds of a duration as Go writes it, `1m30s`, or of a plain number.

    Raises:
        UsageError: neither, or a time in which nothing can be done, or without end.
    """
    pieces = _DURATION.findall(text)
    try:
        whole = "".join(number + unit for number, unit in pieces) == text
        seconds = sum(float(number) * _UNITS[unit] for number, unit in pieces) if pieces and whole else float(text)
        if not 0 < seconds <= MAX_SECONDS:
            raise ValueError
        return seconds
    except ValueError:
        raise UsageError(f"{text!r} is not a duration", where=where, hint="write 5s, 500ms or 1m30s") from None


__all__ = [
    "Location",
    "SourceOptions",
    "is_live",
    "locate_store",
    "open_location",
    "open_source",
    "parse_duration",
    "uses_tls",
]
