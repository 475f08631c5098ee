"""
What may stand next on a command line: resources, objects, namespaces and whatever else is known or stored.

A shell waits for the answer: what would take longer than `$KSTORE_COMPLETION_TIMEOUT` is not given, a snapshot is not
hashed for it, and nothing is ever printed beside it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import CompletionItem

from kstore.cli.key_names import children_of
from kstore.cli.session import Session
from kstore.cli.settings import settings
from kstore.cli.shells import register

if TYPE_CHECKING:
    from kstore.store import Store

Values = Iterable["str | CompletionItem[str]"]
Completer = Callable[[click.Context, str], Values]

_SECONDS: Final = 2.0
_MOST: Final = 50_000
"""Names: of more none is offered, since a shell would take what they begin with for all there is."""
FILE: Final = "file"


def begin(cli: click.Command) -> None:
    """Prepare the process for answering a shell: no word on standard error, and an end in time."""
    register()
    attach("", cli)
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - for as long as the process lives
    try:
        seconds = float(os.environ.get("KSTORE_COMPLETION_TIMEOUT") or _SECONDS)
    except ValueError:
        seconds = _SECONDS
    # whatever a library waits for: the process ends, and the shell has no answer
    clock = threading.Timer(seconds, os._exit, (1,))
    clock.daemon = True
    clock.start()


def complete(completer: Completer, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
    """The values that begin with what is there; none where the store cannot be read."""
    try:
        found = list(islice(map(_item, completer(ctx, incomplete)), _MOST + 1))
    except Exception:  # whatever it is, a shell is not the place to say it
        return []
    if len(found) > _MOST:
        return []
    return [one for one in found if one.type != "plain" or one.value.startswith(incomplete)]


def _item(value: str | CompletionItem[str]) -> CompletionItem[str]:
    return value if isinstance(value, CompletionItem) else CompletionItem(value)


# ---- the store


@contextmanager
def _store(ctx: click.Context) -> Iterator[Store]:
    given = replace(settings(ctx), progress=False)
    if given.store == "-":
        raise LookupError("standard input is for the command itself")
    session = Session(given, for_hints=True)
    try:
        yield session.store
    finally:
        session.close()


def _namespace(ctx: click.Context) -> str:
    from kstore.selection import DEFAULT_NAMESPACE

    return str(ctx.params.get("namespace") or DEFAULT_NAMESPACE)


def _given(ctx: click.Context) -> tuple[str, ...]:
    """The arguments that stand before the word at the cursor."""
    given = ctx.params.get("what") or ctx.params.get("names") or ()
    return (given,) if isinstance(given, str) else tuple(given)


def namespaces(ctx: click.Context, incomplete: str) -> Iterator[str]:
    """The namespaces of the store."""
    with _store(ctx) as store:
        folder = store.key_of(store.resources("namespaces")[0])
        yield from children_of(store.source, folder, folder + incomplete.encode(), store.revision)


def resources(ctx: click.Context, incomplete: str) -> Iterator[str]:
    """Resources by their names and, once something is typed, by short names and with their groups."""
    with _store(ctx) as store:
        known = store.mapper.resources
    head, comma, last = incomplete.rpartition(",")
    offered: dict[str, None] = {one.resource: None for one in known if "/" not in one.resource}
    if last:
        offered |= {short: None for one in known for short in one.short_names}
        if "." in last:
            offered |= {f"{one.resource}.{one.group}": None for one in known if one.group}
    yield from (f"{head}{comma}{name}" for name in offered)


def _names(store: Store, resource: Any, namespace: str, begin: str) -> Iterator[str]:
    folder = store.key_of(resource, namespace if resource.namespaced else "")
    return children_of(store.source, folder, folder + begin.encode(), store.revision)


def paths(ctx: click.Context, incomplete: str) -> Iterator[str]:
    """A resource; below it namespaces; keys below a folder."""
    if incomplete.startswith("/"):
        yield from _keys(ctx, incomplete)
    elif "/" not in incomplete:
        yield from resources(ctx, incomplete)
    else:
        name, _, rest = incomplete.partition("/")
        with _store(ctx) as store:
            folder = store.key_of(store.resources(name)[0])
            inner = rest.rpartition("/")[0]
            below = folder + (inner.encode() + b"/" if inner else b"")
            for one in children_of(store.source, below, folder + rest.encode(), store.revision):
                yield f"{name}/{inner}/{one}" if inner else f"{name}/{one}"


def _keys(ctx: click.Context, incomplete: str) -> Iterator[str]:
    from kstore.printable import key_bytes

    folder, slash, _ = incomplete.rpartition("/")
    with _store(ctx) as store:
        below = key_bytes(folder) + slash.encode()
        for one in children_of(store.source, below, key_bytes(incomplete), store.revision):
            yield f"{folder}{slash}{one}"


def objects(ctx: click.Context, incomplete: str) -> Iterator[str]:
    """What `get` takes: a resource and then names; `RESOURCE/NAME`, `RESOURCE/NAMESPACE/NAME`; a key."""
    given = _given(ctx)
    if incomplete.startswith("/"):
        yield from _keys(ctx, incomplete)
    elif given and "/" not in given[0]:
        with _store(ctx) as store:
            for resource in store.resources(given[0]):
                taken = set(given[1:])
                found = _names(store, resource, _namespace(ctx), incomplete)
                yield from (name for name in found if name not in taken)
    elif "/" not in incomplete:
        yield from resources(ctx, incomplete)
    else:
        name, _, rest = incomplete.partition("/")
        space, slash, own = rest.partition("/")
        with _store(ctx) as store:
            resource = store.resources(name)[0]
            if slash:
                yield from (f"{name}/{space}/{one}" for one in _names(store, resource, space, own))
                return
            yield from (f"{name}/{one}" for one in _names(store, resource, _namespace(ctx), rest))
            if resource.namespaced and not ctx.params.get("namespace"):
                folder = store.key_of(resource)
                found = children_of(store.source, folder, folder + rest.encode(), store.revision)
                yield from (f"{name}/{one}" for one in found)


def resources_or_commands(ctx: click.Context, incomplete: str) -> Iterator[str]:
    """What follows `migrate`: a resource, or what is done with a journal."""
    group = ctx.parent.command if ctx.parent else None
    if isinstance(group, click.Group) and not _given(ctx):
        yield from (name for name in group.commands if not group.commands[name].hidden and name != ctx.info_name)
    with suppress(Exception):  # without a store there are the commands still
        yield from resources(ctx, incomplete)


def objects_or_stores(ctx: click.Context, incomplete: str) -> Iterator[str | CompletionItem[str]]:
    """Either side of `diff`: an object, or a store, which is a file as a rule."""
    yield CompletionItem(incomplete, type=FILE)
    yield from objects(ctx, incomplete)


# ---- what is known without a store


def stores(ctx: click.Context, incomplete: str) -> Iterator[str | CompletionItem[str]]:
    """Addresses of stores: the demo store, and files."""
    yield CompletionItem(incomplete, type=FILE)
    yield "demo"


def files(ctx: click.Context, incomplete: str) -> Iterator[CompletionItem[str]]:
    """The shell's own completion of files."""
    yield CompletionItem(incomplete, type=FILE)


def nothing(ctx: click.Context, incomplete: str) -> Iterator[str]:
    """Names that only a person knows."""
    yield from ()


def contexts(ctx: click.Context, incomplete: str) -> Iterator[str]:
    """The contexts of the config file."""
    from kstore.source.location.config_file import config_path, read_contexts

    yield from map(str, read_contexts(config_path(os.environ)).entries)


def releases(ctx: click.Context, incomplete: str) -> Iterator[str]:
    """The releases of Kubernetes that are known, the newest first."""
    from kstore.catalog.releases import known_releases

    yield from reversed(known_releases())


def versions(ctx: click.Context, incomplete: str) -> Iterator[str]:
    """Groups and versions of the release."""
    from kstore.library.opening import make_scheme, release_of

    scheme = make_scheme(release_of(settings(ctx).release, {}), plugins=None, not_loaded=lambda _: None)
    yield from sorted(map(str, scheme.versions))


def checks(ctx: click.Context, incomplete: str) -> Iterator[CompletionItem[str]]:
    """The checks of `check`, of which several are joined by commas."""
    from kstore.inspect.checks import CHECKS

    head, comma, _ = incomplete.rpartition(",")
    taken = set(head.split(","))
    for check in CHECKS:
        if check.rule.id not in taken:
            yield CompletionItem(f"{head}{comma}{check.rule.id}", help=check.rule.title)


def outputs(ctx: click.Context, incomplete: str) -> Iterator[str]:
    """What `-o` takes of the command at hand."""
    from kstore.cli.options import Form

    for parameter in ctx.command.params:
        if "-o" in parameter.opts and isinstance(parameter.type, Form):
            yield from (*parameter.type.choices, *parameter.type.prefixes)


BY_METAVAR: Final[dict[str, Completer]] = {
    "ADDRESS": stores,
    "DIR": files,
    "FILE": files,
    "FORMAT": outputs,
    "GROUP/VERSION": versions,
    "IDS": checks,
    "KUBECONFIG": files,
    "NS": namespaces,
    "R": releases,
}
"""What options take, by how their help calls it."""
BY_OPTION: Final[dict[str, Completer]] = {"--context": contexts}
BY_ARGUMENT: Final[dict[tuple[str, str], Completer]] = {
    ("analyze", "what"): paths,
    ("crds", "names"): resources,
    ("delete", "what"): objects,
    ("describe", "what"): objects,
    ("diff", "new"): objects_or_stores,
    ("diff", "old"): objects_or_stores,
    ("diff", "what"): paths,
    ("edit", "what"): objects,
    ("encrypt", "what"): resources,
    ("explain", "what"): resources,
    ("export", "what"): paths,
    ("get", "what"): objects,
    ("history", "what"): objects,
    ("ls", "what"): paths,
    ("resources", "what"): resources,
    ("check", "names"): nothing,
    ("prove", "address"): stores,
    ("restore", "what"): objects,
    ("get-contexts", "names"): contexts,
    ("use-context", "name"): contexts,
    ("set-context", "name"): contexts,
    ("rename-context", "old"): contexts,
    ("rename-context", "new"): nothing,
    ("delete-context", "name"): contexts,
    ("run", "what"): resources_or_commands,
    ("sql", "arguments"): stores,
    ("watch", "what"): paths,
}
"""What commands take where that is no file, by the command and the argument; `run` is `migrate` without a word."""


def attach(name: str, command: click.Command) -> None:
    """Have the parameters of a command of that name, and of those below it, completed by what they take."""
    if isinstance(command, click.Group):
        for inner, one in command.commands.items():
            attach(inner, one)
    for parameter in command.params:
        if completer := completer_of(name, parameter):
            # a method of click's, which its constructor would take as well
            setattr(parameter, "shell_complete", partial(complete, completer))  # noqa: B010


def completer_of(command: str, parameter: click.Parameter) -> Completer | None:
    """What completes a parameter; None for one that click completes by its type, or nobody can."""
    if isinstance(parameter, click.Argument):
        own = isinstance(parameter.type, click.Choice | click.Path | click.File)
        return None if own else BY_ARGUMENT.get((command, parameter.name or ""), files)
    for name in parameter.opts:
        if name in BY_OPTION:
            return BY_OPTION[name]
    return BY_METAVAR.get(str(parameter.metavar))
