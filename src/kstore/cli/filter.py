"""
What `decode`, `encode` and `convert` have in common: the codec without a store, one value or many, an error a line.

Knows how values come in and go out; what is made of one is each filter's business.
"""

from __future__ import annotations

import binascii
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from kstore.cli.options import settings
from kstore.errors import DecodeError, EncryptionError, KeyMissing, KstoreError, UnknownFields, UsageError

if TYPE_CHECKING:
    from kstore.codec import StorageCodec
    from kstore.encryption import Opened
    from kstore.naming import GroupResource

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
Line = dict[str, Any]

EXIT_SOME_FAILED: Final = 3
_BLOCK: Final = 1 << 16
"""Bytes of input that are asked for at once; what they gave is written before more is asked for."""
_PREFIXES: Final = ("/registry/", "/kubernetes.io/", "/openshift.io/")


def filter_options(function: Decorated) -> Decorated:
    """The input, and `--batch`."""
    for decorate in reversed((
        click.argument("file", required=False, metavar="[FILE]", type=click.Path(path_type=Path, dir_okay=False)),
        click.option("--batch", is_flag=True, help="JSON Lines in, JSON Lines out: a line for every line, in order."),
    )):  # fmt: skip
        function = decorate(function)
    return function


def key_option(function: Decorated) -> Decorated:
    """`--at`, the key of a value that does not bring its own."""
    return click.option(
        "--at", "key", default="", metavar="KEY", help="The key that the value lies at: it opens encrypted values."
    )(function)


@contextmanager
def open_codec() -> Iterator[StorageCodec]:
    """The codec of the release and the encryption configuration that the options name; no store is opened."""
    from kstore.catalog.mapper import ResourceMapper
    from kstore.catalog.releases import Release, newest
    from kstore.cli.session import open_scheme
    from kstore.codec import StorageCodec

    given = settings()
    scheme = open_scheme(Release(given.release) if given.release else newest())
    if not given.encryption_provider_config:
        yield StorageCodec(scheme)
        return
    from kstore.encryption.config import load_configuration

    mapper = ResourceMapper(scheme.resources)
    with load_configuration(given.encryption_provider_config) as transformers:
        yield StorageCodec(scheme, transformers=transformers, resource_of=partial(_resource_of, mapper))


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
        EncryptionError: it is sealed, and cannot be opened.
    """
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
        UsageError: nothing is given, and standard input is a terminal.
    """
    if file is not None and str(file) != "-":
        return file.read_bytes()
    if sys.stdin.isatty():
        raise UsageError(
            "there is nothing to read: standard input is a terminal",
            hint="give a file, or pipe into it: etcdctl get KEY -w json | kstore decode",
        )
    return sys.stdin.buffer.read()


def read_values(file: Path | None, key: str) -> Iterator[tuple[bytes, bytes]]:
    """
    Yield the keys and values of the input, however they were printed.

    Args:
        file: where they are; None for standard input.
        key: the key of values that come without one.

    Raises:
        DecodeError: there is nothing, or it breaks off.
    """
    from kstore.source.piped import read_piped

    for own, value in read_piped(read_input(file)):
        yield own or key.encode(), value


def report(key: bytes, error: KstoreError) -> None:
    """Say on standard error what is wrong with one value."""
    where = f"{key.decode('utf-8', 'backslashreplace')}: " if key and not error.where else ""
    click.echo(f"kstore: {where}{error}", err=True)
    if error.hint:
        click.echo(f"  hint: {error.hint}", err=True)


# ---- line by line


def run_batch(file: Path | None, answer: Callable[[Line], bytes]) -> int:
    """
    Answer every line of the input, in order, and say how it went.

    Whatever has been answered is written before more input is waited for, so that another program can ask and read
    in turn.

    Args:
        file: the input; None for standard input.
        answer: what makes of a line's members the line that goes out; its errors become a line of their own.
    """
    out = sys.stdout.buffer
    failed = False
    with _opened(file) as stream:
        for lines in _blocks(stream):
            answers = []
            for line in lines:
                try:
                    answers.append(answer(_parsed(line)))
                except Exception as error:
                    # a co-process must answer every line, even where the fault is our own
                    answers.append(_error_line(error))
                    failed = True
            out.write(b"\n".join([*answers, b""]))
            out.flush()
    return EXIT_SOME_FAILED if failed else 0


@contextmanager
def _opened(file: Path | None) -> Iterator[Any]:
    if file is None or str(file) == "-":
        yield sys.stdin.buffer
        return
    with file.open("rb") as stream:
        yield stream


def _blocks(stream: Any) -> Iterator[list[bytes]]:
    """Yield the whole lines of what can be read without waiting, block by block."""
    rest: list[bytes] = []
    while block := stream.read1(_BLOCK):
        *lines, last = block.split(b"\n")
        if lines:
            lines[0] = b"".join([*rest, lines[0]])
            yield lines
            rest = []
        rest.append(last)
    if any(rest):
        yield [b"".join(rest)]


def _parsed(line: bytes) -> Line:
    import orjson

    try:
        members = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        from kstore.decode import go_json

        try:
            members = go_json.loads(line)  # what orjson refuses and Go does not: lone surrogates, huge numbers
        except DecodeError:
            raise UsageError(f"the line is not JSON: {error}") from None
    if not isinstance(members, dict):
        raise UsageError(f"the line is a {type(members).__name__}, not an object")
    return members


def line_value(line: Line) -> bytes:
    """
    The stored bytes that a line brings.

    Raises:
        UsageError: it brings none, or no base64.
    """
    text = line.get("value")
    if not isinstance(text, str):
        raise UsageError("the line has no value", hint='write {"value": "<base64>"}')
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:  # binascii.Error, and text that is not ASCII
        raise UsageError(f"the line's value is no base64: {error}") from None


def line_text(line: Line, member: str, default: str = "") -> str:
    """
    A member of a line that is text, if it is there.

    Raises:
        UsageError: it is something else.
    """
    found = line.get(member)
    if found is None:
        return default
    if not isinstance(found, str):
        raise UsageError(f"the line's {member} is a {type(found).__name__}, not text")
    return found


def value_line(value: bytes, head: bytes = b"") -> bytes:
    """The line that brings stored bytes: `{"value": "<base64>"}`, after other members."""
    return b'{%b"value":"%b"}' % (head, binascii.b2a_base64(value, newline=False))


@lru_cache(1024)
def type_members(api_version: str, kind: str) -> bytes:
    """The members `apiVersion` and `kind` of a line, with a comma at their end."""
    import orjson

    return b'"apiVersion":%b,"kind":%b,' % (orjson.dumps(api_version), orjson.dumps(kind))


def _error_line(error: Exception) -> bytes:
    import orjson

    return orjson.dumps({"error": error_members(error)})


def error_members(error: Exception) -> dict[str, Any]:
    """An error as JSON: its code and message, and where it was met, as far as that is known."""
    if not isinstance(error, KstoreError):
        return {"code": "unexpected", "message": f"{type(error).__name__}: {error}"}
    members: dict[str, Any] = {"code": error.code, "message": str(error)}
    if isinstance(error, UnknownFields):
        members["paths"] = list(error.paths)
    for name in ("path", "offset", "hint"):
        if (found := getattr(error, name, None)) not in (None, ""):
            members[name] = found
    return members
