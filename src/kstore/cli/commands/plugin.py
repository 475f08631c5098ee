"""`kstore plugin check`: what is wrong with the plugins that are installed, and their rules tried on random objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.exit_codes import ExitCode
from kstore.cli.options import codec_options, output_option
from kstore.cli.settings import settings
from kstore.errors import UsageError
from kstore.printable import one_line

if TYPE_CHECKING:
    from kstore.errors import ExtensionError
    from kstore.scheme.plugin_trial import Trial


@click.group()
def command() -> None:
    """
    Test the installed plugins.

    \b
    kstore plugin check             all of them
    kstore plugin check wardle      one, by its name or its package
    """


@command.command("check")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--objects", type=click.IntRange(1), default=200, show_default=True, help="The number of objects of each version."
)
@click.option("--seed", type=int, default=0, show_default=True, help="The seed for the random objects.")
@output_option(("table", "json"), "table")
@codec_options
def check(names: tuple[str, ...], objects: int, seed: int, output: str) -> int:
    """
    Report all errors in the installed plugins, and try their rules on random objects.

    Each object is converted from its version to the hub and back, which must give the same bytes. Exit code 5 if
    anything was found.
    """
    from kstore.cli.server_flags import as_manifest, flags_of
    from kstore.library.opening import release_of
    from kstore.scheme.installed_plugins import load
    from kstore.scheme.plugin_trial import try_plugin

    loaded = load()
    given = as_manifest(settings())
    release = release_of(given.release, flags=flags_of(given))
    documents = [_refused(one) for one in loaded.failures if _wanted(names, one.plugin, one.package)]
    documents += [
        _tried(one.name, package, list(try_plugin(one, release, objects=objects, seed=seed)))
        for one, package in zip(loaded.plugins, loaded.packages, strict=True)
        if _wanted(names, one.name, package)
    ]
    installed = {one.plugin: one.package for one in loaded.failures}
    installed |= {one.name: package for one, package in zip(loaded.plugins, loaded.packages, strict=True)}
    _see_that_all_are_there(names, installed)
    if output == "json":
        from kstore.view.json_text import to_json

        click.echo(to_json({"plugins": documents}), nl=False)
    else:
        click.echo("\n".join(line for one in documents for line in _lines(one)) or "no plugin is installed")
    return (
        ExitCode.FOUND
        if any(one["faults"] or any(map(_found, one["versions"])) for one in documents)
        else ExitCode.DONE
    )


def _wanted(names: tuple[str, ...], plugin: str, package: str) -> bool:
    return not names or plugin in names or package in names


def _see_that_all_are_there(names: tuple[str, ...], installed: dict[str, str]) -> None:
    unknown = sorted(set(names) - {*installed, *installed.values()})
    if unknown:
        raise UsageError(
            f"no plugin {', '.join(unknown)} is installed", hint=f"installed: {', '.join(sorted(installed)) or 'none'}"
        )


def _refused(failure: ExtensionError) -> dict[str, Any]:
    """A plugin that was not loaded, and everything that is wrong with it."""
    faults = [{"rule": one.rule, "row": one.row, "message": one.message} for one in failure.all]
    return {"name": failure.plugin, "package": failure.package, "loaded": False, "faults": faults, "versions": []}


def _tried(name: str, package: str, trials: list[Trial]) -> dict[str, Any]:
    versions = [
        {
            "kind": str(one.gvk),
            "hub": one.hub,
            "same": one.same,
            "refused": one.refused,
            "found": [{"message": message, "object": obj} for message, obj in one.failures.items()],
        }
        for one in trials
    ]
    return {"name": name, "package": package, "loaded": True, "faults": [], "versions": versions}


def _found(version: dict[str, Any]) -> bool:
    """Whether something was found, or nothing could be tried."""
    return bool(version["found"]) or not version["same"]


def _lines(one: dict[str, Any]) -> Iterator[str]:
    """What is said of one plugin."""
    yield f"{one['name']} (package {one['package']}): {'loaded' if one['loaded'] else 'not loaded'}"
    for fault in one["faults"]:
        yield "  " + one_line(": ".join(filter(None, (fault["rule"], fault["row"], fault["message"]))))
    for version in one["versions"]:
        by = f" by way of {version['hub']}" if version["hub"] else ""
        refused = f"; {version['refused']} were refused" if version["refused"] else ""
        yield f"  {version['kind']}{by}: {version['same']} random objects came back the same{refused}"
        for found in version["found"]:
            yield f"    {one_line(found['message'])}"
            yield f"      for {one_line(json.dumps(found['object'], ensure_ascii=False))}"
        if not version["found"] and not version["same"]:
            yield "    every object was refused, so nothing is known: --seed or --objects draws others"
