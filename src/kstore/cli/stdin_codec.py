"""
What `decode`, `encode` and `convert` have in common: the codec without a store, and how a value or a few come in.

What is made of one is each filter's business; many of them, line by line, are `batch.py`'s.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from kstore.cli.hints import hint_of
from kstore.cli.options import workers_option
from kstore.cli.server_flags import as_manifest, flags_of
from kstore.cli.settings import Settings, settings
from kstore.errors import DecodeError, EncryptionError, KeyMissing, KstoreError, UsageError
from kstore.printable import key_text
from kstore.regular_file import read_regular

if TYPE_CHECKING:
    from kstore.codec import StorageCodec
    from kstore.encryption import Opened
    from kstore.naming import GroupResource
    from kstore.source.dump import Printed

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

LARGEST: Final = 64 << 20
"""Bytes of an input that is no `--batch`."""
LARGEST_VALUE: Final = 16 << 20
"""Bytes of one value in it; etcd takes 1.5 MiB unless its `--max-request-bytes` says more."""

_PREFIXES: Final = ("/registry/", "/kubernetes.io/", "/openshift.io/")


def filter_options(function: Decorated) -> Decorated:
    """The input, `--batch` and `--workers`."""
    for decorate in reversed((
        click.argument("file", required=False, metavar="[FILE]", type=click.Path(path_type=Path, dir_okay=False)),
        click.option("--batch", is_flag=True, help="JSON Lines in, JSON Lines out: one line for each line, in order."),
        workers_option,
    )):  # fmt: skip
        function = decorate(function)
    return function


def key_option(function: Decorated) -> Decorated:
    """`--at`, the key of a value that does not bring its own."""
    return click.option(
        "--at", "key", default="", metavar="KEY", help="The key that the value is stored at: it opens encrypted values."
    )(function)


@contextmanager
def open_codec() -> Iterator[StorageCodec]:
    """`make_codec` by the options of the command line, closed at the end."""
    codec = make_codec(settings())
    with codec.transformers or nullcontext():
        yield codec


def make_codec(given: Settings) -> StorageCodec:
    """The codec of the release and the encryption configuration that the options name; no store is opened."""
    from kstore.catalog.mapper import ResourceMapper
    from kstore.cli.session import open_scheme
    from kstore.codec import StorageCodec
    from kstore.library.opening import release_of

    given = as_manifest(given)
    scheme = open_scheme(release_of(given.release, flags=flags_of(given)), sent=True)
    if not given.encryption_provider_config:
        return StorageCodec(scheme)
    from kstore.encryption.config import load_configuration

    mapper = ResourceMapper(scheme.resources)
    transformers = load_configuration(given.encryption_provider_config)
    return StorageCodec(scheme, transformers=transformers, resource_of=partial(_resource_of, mapper))


def _resource_of(mapper: Any, key: bytes) -> GroupResource | None:
    """The resource of a key below any usual prefix; a custom one's is spelled out in the key."""
    from kstore.naming import GroupResource

    text = key.decode("utf-8", "replace")
    path = next((text.removeprefix(prefix) for prefix in _PREFIXES if text.startswith(prefix)), text.lstrip("/"))
    place = mapper.place(path)
    if place is not None:
        return GroupResource(place.resource.group, place.resource.resource)
    group, _, rest = path.partition("/")
    return GroupResource(group, rest.partition("/")[0]) if "." in group and rest else None


def open_value(codec: StorageCodec, key: bytes, value: bytes) -> Opened:
    """
    A value opened; one without a key by whatever resource's ciphers can, if they do not authenticate the key.

    Raises:
        DecodeError: it is larger than any that is read.
        EncryptionError: it is encrypted, and cannot be opened.
    """
    if len(value) > LARGEST_VALUE:
        raise DecodeError(f"the value has {len(value)} bytes, and at most {LARGEST_VALUE >> 20} MiB of one are read")
    if key or codec.transformers is None:
        return codec.open(key, value)
    faults: list[EncryptionError] = []
    for resource in (*codec.transformers.resources, None):
        try:
            return codec.transformers.open(key, value, resource)
        except EncryptionError as fault:
            faults.append(fault)
    raise next((fault for fault in faults if not isinstance(fault, KeyMissing)), faults[0])


# ---- one value, or a few


def read_input(file: Path | None) -> bytes:
    """
    All of the file, or of standard input.

    Raises:
        UsageError: it is no file that can be read, or too large; nothing is given, and standard input is a terminal.
    """
    if file is not None and str(file) != "-":
        try:
            return read_regular(file, LARGEST)
        except OSError as error:
            raise UsageError(f"cannot be read: {error.strerror}", where=str(file), hint=_hint(error)) from None
    if sys.stdin.isatty():
        raise UsageError(
            "there is nothing to read: standard input is a terminal",
            hint="give a file, or pipe into it: etcdctl get KEY -w json | kstore decode",
        )
    content = sys.stdin.buffer.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise UsageError(f"standard input is larger than {LARGEST >> 20} MiB, which is all that is read", hint=_SPLIT)
    return content


_SPLIT = "--batch reads values line by line, however many; --store FILE opens a snapshot or a database"


def _hint(error: OSError) -> str:
    """What to do about an input that is not read."""
    return _SPLIT if error.errno == errno.EFBIG else "what comes through a pipe is read from standard input: < FILE"


def read_values(file: Path | None, key: str) -> Iterator[tuple[bytes, bytes]]:
    """
    Yield the keys and values of the input, however they were printed; what is no object is told on standard error.

    Args:
        file: where they are; None for standard input.
        key: the key of values that come without one.

    Raises:
        DecodeError: there is nothing, or it breaks off.
    """
    from kstore.source.dump import COMPACTION_KEY, read_dump

    for printed in read_dump(read_input(file)):
        if printed.key == COMPACTION_KEY:
            revision = printed.value.decode("ascii", "replace").strip()
            click.echo(f"kstore: compact_rev_key is no object: the apiserver compacted revision {revision}", err=True)
            continue
        if printed.deleted:
            _tell_deletion(printed)
        if printed.value or not printed.deleted:
            yield printed.key or key.encode(), printed.value


def _tell_deletion(printed: Printed) -> None:
    name = (printed.key or b"").decode("utf-8", "backslashreplace")
    when = f" at revision {printed.revision}" if printed.revision else ""
    before = ": what it was before is shown" if printed.value else ""
    click.echo(f"kstore: {name} was deleted{when}{before}", err=True)


def report(key: bytes, error: KstoreError) -> None:
    """Say on standard error what is wrong with one value."""
    where = f"{key_text(key)}: " if key and not error.where else ""
    click.echo(f"kstore: {where}{error}", err=True)
    if hint := hint_of(error):
        click.echo(f"  hint: {hint}", err=True)
