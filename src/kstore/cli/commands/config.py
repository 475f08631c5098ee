"""`kstore config`: the contexts of the config file, in the words of `kubectl config`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kstore.cli.listing import write
from kstore.cli.options import Once, output_option, store_options, talk_options
from kstore.cli.settings import settings
from kstore.errors import NotFound, UsageError
from kstore.source.remote.address import without_credentials

if TYPE_CHECKING:
    from kstore.source.location.config_edit import ConfigDocument
    from kstore.source.location.config_file import Contexts

_REDACTED: Final = "REDACTED"
_FILES: Final = ("cacert", "cert", "key", "encryption_provider_config")
_TEXTS: Final = ("etcd_prefix", "tls_server_name", "password")


@click.group()
def command() -> None:
    """
    Show and change the contexts of the config file.

    A context is a store with a name, for --context.

    \b
    kstore config set-context backup --store /var/backups/etcd/latest.db
    kstore config use-context backup
    kstore config get-contexts
    """


@command.command("view")
@click.option("--raw", is_flag=True, help="Show passwords, too.")
@click.option("--minify", is_flag=True, help="Only the current context, or that of --context.")
@click.option("--context", cls=Once, metavar="NAME", help="The context that --minify shows.")
@talk_options
def view(raw: bool, minify: bool, context: str) -> None:
    """Print the contexts as YAML, without passwords and other credentials."""
    from kstore.view.yaml_text import to_yaml

    contexts = _contexts()
    name = context or settings().context or contexts.current_name
    entries = dict(contexts.entries)
    if minify:
        _require(contexts, name or _current(contexts))
        entries = {name: entries[name]}
    shown = entries if raw else {name: _redacted(entry) for name, entry in entries.items()}
    write([to_yaml({"contexts": shown, "current-context": name if minify else contexts.current_name})])


@command.command("get-contexts")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--no-headers", is_flag=True, help="Leave out the header line.")
@output_option(("table", "name"), "table")
@talk_options
def get_contexts(names: tuple[str, ...], no_headers: bool, output: str) -> None:
    """List the contexts, and which is the current one."""
    contexts = _contexts()
    for name in names:
        _require(contexts, name)
    chosen = [name for name in sorted(contexts.entries) if not names or name in names]
    write(_names(chosen) if output == "name" else _table(contexts, chosen, headers=not no_headers))


@command.command("current-context")
@talk_options
def current_context() -> None:
    """Print the name of the current context."""
    write(_names([_current(_contexts())]))


@command.command("use-context")
@click.argument("name", metavar="NAME")
@talk_options
def use_context(name: str) -> None:
    """Set the current context."""
    _change(lambda document: document.use(name))
    click.echo(f'Switched to context "{name}".')


@command.command("set-context")
@click.argument("name", metavar="[NAME]", default="")
@click.option("--current", is_flag=True, help="Change the current context.")
@store_options
def set_context(name: str, current: bool) -> None:
    """
    Create a context, or change the members of one that the options give.

    \b
    kstore config set-context prod --store https://10.0.0.1:2379 --cacert ca.crt --cert client.crt --key client.key
    kstore config set-context --current --etcd-prefix /kubernetes.io
    """
    name = _one_of(name, current)
    members = _members()
    made = _change(lambda document: document.put(name, members))
    click.echo(f'Context "{name}" {"created" if made else "modified"}.')


@command.command("rename-context")
@click.argument("old", metavar="NAME")
@click.argument("new", metavar="NEW-NAME")
@talk_options
def rename_context(old: str, new: str) -> None:
    """Rename a context."""
    _change(lambda document: document.rename(old, new))
    click.echo(f'Context "{old}" renamed to "{new}".')


@command.command("delete-context")
@click.argument("name", metavar="NAME")
@talk_options
def delete_context(name: str) -> None:
    """Remove a context; its store is not touched."""
    was_current = _change(lambda document: document.remove(name))
    click.echo(f'Context "{name}" deleted.')
    if was_current and not settings().quiet:
        click.echo("kstore: it was the current context: none is now", err=True)


def _path() -> Path:
    from kstore.source.location.config_file import config_path

    return config_path(os.environ)


def _contexts() -> Contexts:
    from kstore.source.location.config_file import read_contexts

    return read_contexts(_path())


def _change(change: Callable[[ConfigDocument], Any]) -> Any:
    """Change the config file, and give what the change says."""
    from kstore.source.location.config_edit import ConfigDocument

    document = ConfigDocument(_path())
    said = change(document)
    document.save()
    return said


def _redacted(entry: Any) -> Any:
    """A context without its password, and its store's address without what permits to read it."""
    if not isinstance(entry, dict):
        return entry
    shown = entry | {"store": without_credentials(str(entry["store"]))} if "store" in entry else entry
    return shown | {"password": _REDACTED} if "password" in entry else shown


def _require(contexts: Contexts, name: str) -> None:
    """See that there is a context of that name."""
    if name not in contexts.entries:
        contexts.named(name)  # says which there are


def _one_of(name: str, current: bool) -> str:
    """The name of the context that is to be changed."""
    if bool(name) == current:
        raise UsageError("a context is named, or --current is", hint="kstore config set-context NAME --store ADDRESS")
    if name:
        return name
    return _current(_contexts())


def _current(contexts: Contexts) -> str:
    """
    The name of the current context.

    Raises:
        NotFound: there is none.
    """
    if not contexts.current_name:
        raise NotFound("no context is the current one", hint="`kstore config use-context NAME` makes one that")
    return contexts.current_name


def _members() -> dict[str, Any]:
    """
    What the options of the store say, as members of a context. Files are named from anywhere.

    Raises:
        UsageError: an option that a context cannot hold, or a time that is none.
    """
    from kstore.source.location.address import parse_duration

    given = settings()
    found: dict[str, Any] = {}
    for option in sorted(given.given):
        value, member = getattr(given, option), option.replace("_", "-")
        if option == "store":
            found[member] = os.path.abspath(value) if os.path.exists(value) else value
        elif option in _FILES:
            found[member] = os.path.abspath(value)
        elif option in _TEXTS or option == "insecure_skip_tls_verify":
            found[member] = value
        elif option == "user":
            found[member], colon, password = value.partition(":")
            found |= {"password": password} if colon else {}
        elif option in ("dial_timeout", "command_timeout"):
            found[member] = parse_duration(value, f"--{member}")
        elif option == "consistency":
            found["serializable"] = value.startswith("s")
        elif option not in ("color", "quiet", "verbose", "progress", "pager", "traceback"):
            raise UsageError(f"a context does not hold --{member}", hint="see docs/reference/configuration.md")
    return found


def _names(names: list[str]) -> Iterator[str]:
    return (f"{name}\n" for name in names)


def _table(contexts: Contexts, names: list[str], *, headers: bool) -> Iterator[str]:
    from kstore.view.tab_writer import TabWriter

    rows = [("CURRENT", "NAME", "STORE", "PREFIX")] if headers else []
    for name in names:
        entry = contexts.entries[name]
        members = entry if isinstance(entry, dict) else {}
        mark = "*" if name == contexts.current_name else ""
        rows.append(
            (mark, name, without_credentials(str(members.get("store", ""))), str(members.get("etcd-prefix", "")))
        )
    lines = ("\t".join(row) for row in rows)
    return (line.rstrip() + "\n" for piece in TabWriter().stream(lines, len(rows)) for line in piece.splitlines())
