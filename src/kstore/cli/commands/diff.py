"""`kstore diff`: two objects, two revisions, or two stores, compared decoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kstore.cli.changes import masked_for
from kstore.cli.exit_codes import ExitCode
from kstore.cli.hints import option_of
from kstore.cli.listing import write
from kstore.cli.options import output_option, selection_options, store_options
from kstore.cli.session import Session, open_session
from kstore.cli.settings import settings
from kstore.cli.standard_output import counting, terminal
from kstore.cli.unreadable import named
from kstore.errors import KstoreError, NotFound, StoreNotFound, UnknownResource, UsageError
from kstore.printable import key_text

if TYPE_CHECKING:
    from kstore.codec import StoredObject
    from kstore.inspect.comparison import Compared, Side
    from kstore.selection import Criteria, Selection

_STORE_SUFFIXES = frozenset({".db", ".snap", ".snapshot", ".zst", ".gz", ".tar", ".tgz", ".bak"})
"""By which a file's name is told from an object's."""
_WHOLE = frozenset({"unified", "external"})
"""Forms that show whole objects."""
_SIGNS = {
    "added": ("+", "green"),
    "removed": ("-", "red"),
    "changed": ("~", "yellow"),
    "stored-otherwise": ("=", "cyan"),
}


@click.command()
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.argument("what", nargs=-1, metavar="[PATH or RESOURCE]...")
@selection_options
@click.option("--stored", is_flag=True, help="Compare the stored bytes, even of different versions of a kind.")
@click.option("--show-secrets", is_flag=True, help="Show the values of Secrets.")
@click.option("--show-managed-fields", is_flag=True, help="Compare metadata.managedFields, too.")
@output_option(("diff", "unified", "external", "lines", "summary", "json", "jsonl"), "diff")
@store_options
def command(
    criteria: Criteria, old: str, new: str, stored: bool, show_secrets: bool, show_managed_fields: bool, output: str
) -> int:  # fmt: skip
    """
    Compare A with B, each of which is a store (a file, directory or endpoint; `.` is the store of --store), a revision
    of the store (@1200; @ is now), or an object, also as of a revision (pods/shop/web@1200). Exits with 5 when they
    differ. Objects that differ only in version, encoding or key are marked with =. -o unified is a diff of YAML in
    git's format, for its pagers; -o external runs $KUBECTL_EXTERNAL_DIFF, or diff -u -N, as kubectl does.

    \b
    kstore diff before.db after.db                 two snapshots
    kstore diff backup.db . deployments -n shop    a snapshot and the running store
    kstore diff @1200 @                            what has changed since revision 1200
    kstore diff cm/shop/a cm/shop/b                two objects
    """
    from kstore.inspect.comparison import compare

    with ExitStack() as opened:
        here = opened.enter_context(open_session())
        sides = [_side(here, opened, text) for text in (old, new)]
        if all(side is not None for side in sides):
            left, right = (side for side in sides if side is not None)
            if settings().rev and here.store not in (left.store, right.store):
                raise UsageError("--rev is of the store of --store, which is not compared", hint="write `.` for it")
            progress = opened.enter_context(counting("keys compared", partial(_most, left, right, criteria)))
            compared = partial(compare, managed_fields=show_managed_fields, as_stored=stored, progress=progress,
                whole=output in _WHOLE)  # fmt: skip
            found = _states(left, right, criteria, compared)
        elif any(side is not None for side in sides):
            _require_object(here, old if sides[0] is None else new)
            raise _unlike(old if sides[0] is None else new)
        else:
            if criteria.what or criteria.filters or criteria.all_namespaces:
                given = (*criteria.what, *map(option_of, criteria.filters), "-A")[0]
                raise UsageError(
                    f"{given} selects within stores, and two objects are compared", hint=f"leave {given} out"
                )
            for text in (old, new):
                _require_object(here, text)
            found = _objects(here, old, new, criteria.namespace, managed_fields=show_managed_fields, as_stored=stored)
        return _show(found, output, secrets=show_secrets)


def _most(old: Side, new: Side, criteria: Criteria) -> int:
    """How many keys are compared at most; 0 where that is not known beforehand."""
    return 0 if criteria.what else max(side.count() for side in (old, new))


def _side(here: Session, opened: ExitStack, text: str) -> Side | None:
    """The state that an argument names; None for an object."""
    from kstore.inspect.comparison import Side
    from kstore.source.location.address import is_live

    if text == ".":
        return Side(here.store)
    if text.startswith("@"):
        return Side(here.store, _revision(text[1:]))
    if not (text == "demo" or is_live(text) or "://" in text or _is_file(text)):
        return None
    session = Session(replace(settings(), store=text, rev=0), remembers=True)
    opened.callback(session.close)
    return Side(session.store)


def _is_file(text: str) -> bool:
    return Path(text).exists() and not text.startswith("/registry/")


def _require_object(here: Session, text: str) -> None:
    """
    See that what is no store can be an object: no other name is taken for one.

    Raises:
        StoreNotFound: it can only be the name of a file that is not there.
    """
    from kstore.catalog.mapper import ResourceMapper

    name, slash, _ = text.partition("/")
    if not slash or text.startswith((".", "~")) or Path(text).suffix in _STORE_SUFFIXES:
        raise _no_file(text)
    if name:
        try:
            ResourceMapper(here.codec.scheme.resources).find(name)
        except UnknownResource:
            try:
                here.store.resources(name)
            except UnknownResource:
                raise _no_file(text) from None
    elif not text.startswith((f"{here.store.prefix}/", "/registry/")):
        raise _no_file(text)


def _no_file(text: str) -> KstoreError:
    return StoreNotFound("there is no such file or directory", where=text, hint="an object is RESOURCE/NAME or its key")


def _unlike(text: str) -> KstoreError:
    """What to say of the argument beside a store that is none."""
    return UsageError("a store and an object cannot be compared", where=text, hint="write two stores, or two objects")


def _states(
    old: Side, new: Side, criteria: Criteria, compared: Callable[..., Iterator[Compared]]
) -> Iterator[Compared]:
    """What differs of what is selected, which may be in one of the two alone."""
    selection = _selection(old, new, criteria)
    wanted = selection.filter.matches if selection.filter else None
    for target in selection.targets:
        yield from compared(
            old, new, target.key if target.itself else target.prefix, wanted=wanted,
            has_key=partial(selection.means, target),
        )  # fmt: skip


def _selection(old: Side, new: Side, criteria: Criteria) -> Selection:
    """
    What criteria mean in two states; a custom resource may be defined in one of them alone.

    Raises:
        NotFound: an argument means nothing in either.
    """
    from kstore.selection import Selection

    try:
        selection = Selection.of_changes(new.store, criteria)
    except UnknownResource:
        selection = Selection.of_changes(old.store, criteria)
    for target in selection.targets:
        records = (record for side in (new, old) for record in side.records(target.key))
        if not target.may_be_empty and not any(map(target.covers, (record.key for record in records))):
            text = key_text(target.key)
            raise NotFound(f"nothing is stored at {text} on either side", hint="`kstore ls` shows what is there")
    return selection


def _revision(text: str) -> int:
    if text and not text.isdigit():
        raise UsageError(f"{text!r} is not a revision", hint="write @1200, or @ for now")
    return int(text or 0)


def _objects(
    session: Session, old: str, new: str, namespace: str, *, managed_fields: bool, as_stored: bool
) -> Iterator[Compared]:
    """Two objects, field by field."""
    from kstore.inspect.changes import comparable, differences_between
    from kstore.inspect.comparison import Compared

    left, right = (_object(session, text, namespace) for text in (old, new))
    states = comparable(session.store, left, right, managed_fields=managed_fields, as_stored=as_stored)
    found = tuple(differences_between(session.store, *states, right.gvk))
    if found:
        kind = "Secret" if left.gvk.kind == "Secret" else right.gvk.kind  # what is secret of either stays so
        yield Compared(new, "", "", "changed", kind, "", found, False, *states, old_key=old)


def _object(session: Session, text: str, namespace: str) -> StoredObject:
    from kstore.codec import Undecodable
    from kstore.selection import object_key

    name, at, revision = text.rpartition("@")
    number = _revision(revision) if at and (revision.isdigit() or not revision) else 0
    key = object_key(session.store, name if number or text.endswith("@") else text, namespace)
    record = session.source.get(key, revision=number or session.given.rev)
    if record is None:
        raise NotFound(f"nothing is stored at {key_text(key)}", hint="see `kstore history`")
    read = session.codec.read(record)
    if isinstance(read, Undecodable):
        raise named(read)
    return read


def _show(found: Iterator[Compared], output: str, *, secrets: bool) -> int:
    counts: Counter[tuple[str, str]] = Counter()

    def counted() -> Iterator[Compared]:
        for one in found:
            counts[one.resource, one.what] += 1
            yield one

    if output in ("json", "jsonl"):
        from kstore.view.json_text import to_json, to_json_line

        documents = (masked_for(output, one, secrets=secrets).as_document() for one in counted())
        write([to_json({"differences": list(documents)})] if output == "json" else map(to_json_line, documents))
    elif output == "summary":
        for _ in counted():
            pass
    elif output == "unified":
        write(_unified(counted(), secrets=secrets))
    elif output == "external":
        from kstore.cli.external_diff import external_diff

        for _ in external_diff(counted(), secrets=secrets):
            pass
    else:
        write(_texts(counted(), diffs=output == "diff", secrets=secrets))
    if output in ("diff", "summary"):
        write(_summary(counts))
    return ExitCode.FOUND if counts else ExitCode.DONE


def _texts(found: Iterator[Compared], *, diffs: bool, secrets: bool) -> Iterator[str]:
    from kstore.view.difference_text import difference_lines
    from kstore.view.mask import is_secret

    screen = terminal()
    resource = ""
    for one in found:
        if one.resource != resource:
            resource = one.resource
            yield screen.styled(resource, "bold") + "\n"
        sign, style = _SIGNS[one.what]
        note = f"  ({one.note})" if one.note else ""
        yield screen.styled(f"{sign} {one.key}", style) + note + "\n"
        if diffs:
            yield from difference_lines(one.differences, screen, secret=is_secret(one.kind, one.key) and not secrets)


def _unified(found: Iterator[Compared], *, secrets: bool) -> Iterator[str]:
    from kstore.view.unified_text import bytes_differ, masked_pair, unified_lines

    screen = terminal()
    for one in found:
        old_name, new_name = ((key or one.key).lstrip("/") for key in (one.old_key, one.key))
        states = (one.before, one.after) if secrets else masked_pair(one.before, one.after, one.key)
        lines = unified_lines(old_name, states[0], new_name, states[1], screen) if any(states) else iter(())
        first = next(lines, None)
        if first is None:
            yield from bytes_differ(old_name, new_name, one.note, screen)
        else:
            yield first
            yield from lines


def _summary(counts: Counter[tuple[str, str]]) -> Iterator[str]:
    """A line a resource: how many of each."""
    from kstore.view.bar_table import FigureTable, figure_table_text

    resources = sorted({resource for resource, _ in counts if resource})
    if not resources:
        return
    rows = [((resource, *(f"{counts[resource, what] or '-'}" for what in _SIGNS)), None) for resource in resources]
    total = Counter(what for (_, what), count in counts.items() for _ in range(count))
    rows.append((("all", *(f"{total[what] or '-'}" for what in _SIGNS)), None))
    headings = ("RESOURCE", "ADDED", "REMOVED", "CHANGED", "STORED OTHERWISE")
    yield "\n"
    yield from figure_table_text(FigureTable("Differences", headings, rows), terminal())
