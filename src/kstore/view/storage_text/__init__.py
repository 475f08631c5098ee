"""
A stored value byte by byte, for a person: the envelope and every field with its offset, length, number and name.

Shows what is there, in the order in which it is there, as far as it can be read; where it cannot be read any
further, that is the last line. Nothing is defaulted, merged or left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from kstore.catalog.loader import Catalog
from kstore.decode.envelope import recognize, unwrap_base64
from kstore.encryption import EncryptionHeader
from kstore.errors import DecodeError, KstoreError
from kstore.printable import key_text
from kstore.records import Record
from kstore.view.mask import MASK
from kstore.view.storage_text.cbor import cbor_lines
from kstore.view.storage_text.json import json_lines
from kstore.view.storage_text.line import HEADER, Line
from kstore.view.storage_text.protobuf import protobuf_lines

_ENCODINGS = {"protobuf": "protobuf in an envelope", "json": "JSON", "cbor": "CBOR", "base64": "protobuf in base64"}


def storage_text(
    record: Record,
    plain: bytes | None,
    catalog: Catalog,
    *,
    encryption_header: EncryptionHeader | None = None,
    secrets: bool = False,
) -> Iterator[str]:
    """
    Yield the lines of the page.

    Args:
        record: the record as it is stored.
        plain: its value opened; None where it could not be.
        catalog: the types by which fields get their names.
        encryption_header: the encryption header of the value, if it has one.
        secrets: show the values of Secrets.
    """
    lease = f", lease {record.lease:x}" if record.lease else ""
    yield f"# {key_text(record.key)}\n"
    yield f"# {len(record.value)} bytes, revision {record.mod_revision}, created {record.create_revision}{lease}\n"
    if encryption_header is not None:
        opened = "cannot be opened" if plain is None else f"holds {len(plain)} bytes, shown below as opened"
        length = len(encryption_header.prefix)
        yield f"# encrypted at rest with {encryption_header}: {length} bytes of prefix; {opened}\n"
    if plain is not None:
        yield from _opened(record.key, plain, catalog, secrets=secrets)


def _opened(key: bytes, plain: bytes, catalog: Catalog, *, secrets: bool) -> Iterator[str]:
    try:
        encoding = recognize(plain)
        yield f"# {_ENCODINGS[encoding]}\n"
        if encoding == "base64":
            plain = unwrap_base64(plain)
            yield f"# unwrapped: {len(plain)} bytes\n"
        yield HEADER
        yield from map(str, _lines(encoding, key, plain, catalog, secrets=secrets))
    except (KstoreError, RecursionError) as error:
        yield f"# {'it is nested too deeply' if isinstance(error, RecursionError) else error}\n"


def shown_places(key: bytes, plain: bytes, catalog: Catalog) -> list[tuple[int, int]]:
    """
    The bytes of a Secret that may be seen, as begin and end: those of the lines of its page that hide nothing.

    What can be read only in part may be anything: of that nothing is seen.
    """
    try:
        encoding = recognize(plain)
        lines = [] if encoding == "base64" else list(_lines(encoding, key, plain, catalog, secrets=False))
    except (KstoreError, RecursionError):
        return []
    hidden = [(line.offset, line.offset + line.length) for line in lines if line.value == MASK]
    places: list[tuple[int, int]] = []
    at = 0
    for begin, end in [*sorted(hidden), (len(plain) if lines else 0,) * 2]:
        places += [(at, begin)] if at < begin else []
        at = max(at, end)
    return places


def _lines(encoding: str, key: bytes, plain: bytes, catalog: Catalog, *, secrets: bool) -> Iterator[Line]:
    if encoding == "json":
        return json_lines(plain, key=key, secrets=secrets)
    if encoding == "cbor":
        return cbor_lines(plain, key=key, secrets=secrets)
    return protobuf_lines(plain, catalog, key=key, secrets=secrets)


__all__ = ["DecodeError", "shown_places", "storage_text"]
