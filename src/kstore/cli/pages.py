"""
Objects a page each: described, or byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from kstore.cli.listing import Reading
from kstore.errors import KstoreError

if TYPE_CHECKING:
    from kstore.cli.session import Session
    from kstore.codec import StoredObject, Undecodable
    from kstore.inspect.events import EventsByObject


def descriptions(
    session: Session,
    reading: Reading,
    stored: Iterable[StoredObject],
    now: datetime | None,
    events: EventsByObject | None = None,
) -> Iterator[str]:
    """A page for each object, with its Events if they are wanted; two empty lines between, as kubectl has it."""
    from kstore.view.describe import describe

    between, release = "", session.store.codec.scheme.release
    for read, obj in reading.shown(stored):
        place = session.store.place(read.record.key)
        definition = place.resource.definition if place else None
        about = events.about(obj) if events is not None else None
        yield between + describe(
            read, obj, secrets=reading.secrets, now=now, definition=definition, about=about, release=release
        )
        between = "\n\n"


def storage_pages(session: Session, reading: Reading, reads: Iterator[StoredObject | Undecodable]) -> Iterator[str]:
    """The annotated bytes of each object, also of those that cannot be decoded; an empty line between them."""
    from kstore.codec import Undecodable

    between = ""
    for read in reads:
        if isinstance(read, Undecodable):
            reading.report(read.record, read.error)
        yield between
        yield from storage_page(session, read, secrets=reading.secrets)
        between = "\n"


def storage_page(session: Session, read: StoredObject | Undecodable, *, secrets: bool) -> Iterator[str]:
    """The annotated bytes of one object, as far as they can be opened."""
    from kstore.codec import StoredObject
    from kstore.view.storage_text import storage_text

    plain = read.plain if isinstance(read, StoredObject) else _plain(session, read)
    catalog = session.codec.scheme.catalog
    yield from storage_text(read.record, plain, catalog, encryption_header=read.encryption_header, secrets=secrets)


def _plain(session: Session, read: Undecodable) -> bytes | None:
    """What an undecodable value opens to, if it does."""
    try:
        return session.codec.open(read.record.key, read.record.value).plain
    except KstoreError:
        return None
