"""`kstore releases`: which Kubernetes releases are known, how exactly, and what changes in storage between two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from kstore.cli.exit_codes import ExitCode
from kstore.cli.options import output_option, store_options
from kstore.cli.settings import settings
from kstore.cli.standard_output import show

if TYPE_CHECKING:
    from kstore.library.release_difference import Changed, ReleaseDifference, Touched

_HEADINGS: Final = {
    "storage": "Storage versions",
    "served": "Served versions",
    "fields": "Fields of stored types",
    "gates": "Feature gates that decide about defaults",
    "defaults": "Rules of defaults",
}
_COMES_AND_GOES: Final = {
    "served": ("from now on", "no longer"),
    "gates": ("new, {}", "gone, was {}: no longer a choice"),
    "defaults": ("new: {}", "gone: {}"),
}
"""What is said of a row that only the later release has, and that only the earlier one has."""
_REASONS: Final = {"version": "in another version", "content": "with other content"}
_NEW_AND_GONE: Final = ("new, {}", "gone, was {}")


@click.command()
@click.option("--diff", "pair", nargs=2, metavar="R1 R2", help="What changes in storage from one release to another.")
@output_option(("table", "json"), "table")
@store_options
def command(pair: tuple[str, str] | None, output: str) -> int:
    """
    Show the supported Kubernetes releases, and how exactly each is known. With --diff, show what changes in storage
    between two releases: storage versions, served versions, fields, defaults. With --store, also show which of its
    objects are affected (exit code 5).

    \b
    kstore releases --diff 1.36 1.37
    kstore --store backup.db releases --diff 1.36 1.37
    """
    if pair is None:
        _list(output)
        return ExitCode.DONE
    from kstore.catalog.releases import Release
    from kstore.library.release_difference import release_difference

    before, after = map(Release, pair)
    found = release_difference(before, after)
    objects = _touched(before, after) if settings().store or settings().context else None
    if output == "json":
        from kstore.view.json_text import to_json

        click.echo(to_json(_document(found, objects)), nl=False)
    else:
        show(_text(found, objects))
    return ExitCode.FOUND if objects else ExitCode.DONE


def _list(output: str) -> None:
    from kstore.catalog.releases import Release, known_releases

    rows = [_row(Release(name)) for name in known_releases()]
    if output == "json":
        from kstore.view.json_text import to_json

        click.echo(to_json(rows), nl=False)
        return
    click.echo(f"{'RELEASE':<10}{'CONVERSION':<13}RULES OF")
    for row in rows:
        click.echo(f"{row['release']:<10}{'exact' if row['exact'] else 'approximate':<13}{row['rulesOf']}")


def _row(release: Any) -> dict[str, Any]:
    return {"release": release.name, "exact": release.exact, "rulesOf": f"1.{release.rules_minor}"}


def _touched(before: Any, after: Any) -> dict[str, Touched]:
    """The objects of the store that are touched, by kind."""
    from kstore.cli.session import open_session
    from kstore.library.release_difference import touched

    with open_session() as session:
        return touched(session.store.under(f"{session.store.prefix}/"), before, after)


def _document(found: ReleaseDifference, objects: dict[str, Touched] | None) -> dict[str, Any]:
    rows = {
        name: [{"name": one.name, "before": one.before, "after": one.after} for one in getattr(found, name)]
        for name in _HEADINGS
    }
    document = {"before": found.before, "after": found.after, "approximate": list(found.approximate), **rows}
    if objects is not None:
        document["touched"] = [
            {"kind": kind, "count": one.count, "reasons": sorted(one.reasons), "keys": one.keys}
            for kind, one in sorted(objects.items())
        ]
    return document


def _change(heading: str, one: Changed) -> str:
    """What a row says: from what to what, or that it comes or goes."""
    new, gone = _COMES_AND_GOES.get(heading, _NEW_AND_GONE)
    if one.before and one.after:
        return f"{one.before} -> {one.after}"
    return new.format(one.after) if one.after else gone.format(one.before)


def _text(found: ReleaseDifference, objects: dict[str, Touched] | None) -> Iterator[str]:
    yield f"From {found.before} to {found.after}\n"
    for release in found.approximate:
        yield f"What {release} defaults and converts is not known exactly; see `kstore releases`.\n"
    for name, heading in _HEADINGS.items():
        rows = getattr(found, name)
        yield f"\n{heading}: {len(rows) or 'nothing changes'}\n"
        for one in rows:
            yield f"  {one.name}: {_change(name, one)}\n"
    if objects is None:
        return
    total = sum(one.count for one in objects.values())
    yield f"\nObjects that {found.after} would store otherwise: {total or 'none'}\n"
    for kind, one in sorted(objects.items()):
        reasons = ", ".join(_REASONS.get(reason, reason) for reason in sorted(one.reasons))
        yield f"  {kind}: {one.count} ({reasons}), such as {one.keys[0]}\n"
