"""
What to try about an error of the library, in the words of the command line.

A hint of the library names what helps as Python code between backquotes (`kstore.errors`); two tables say which
option or command that is here. What only kstore's own commands can do is added by the error's class.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any, Final

from kstore.errors import (
    ExtraMissing,
    Interrupted,
    JournalExists,
    JournalTaken,
    KstoreError,
    NotASingleObject,
    NotCopyable,
    NotFound,
    NotServed,
    ProgramMissing,
    RuleFailed,
    StoreTimedOut,
    UnclearPrefix,
    UnknownField,
    UnknownRelease,
    UnknownResource,
    WorkerLost,
)
from kstore.printable import command_text

OPTIONS: Final = {
    "address": "--store",
    "all_namespaces": "-A",
    "allow_webhooks": "--allow-webhooks",
    "assume_version": "--assume-version",
    "cacert": "--cacert",
    "cert": "--cert",
    "command_timeout": "--command-timeout",
    "drop_unknown_fields": "--drop-unknown-fields",
    "edited": "--edited-plan",
    "encryption_config": "--encryption-provider-config",
    "field_selector": "--field-selector",
    "insecure_skip_tls_verify": "--insecure-skip-tls-verify",
    "key": "--key",
    "kubeconfig": "--kubeconfig",
    "namespace": "-n",
    "output": "--output",
    "password": "--password",
    "revision": "--rev",
    "salvage": "--salvage",
    "selector": "-l",
    "serializable": "--consistency serializable",
    "stored_version": "--stored-version",
    "tls_server_name": "--tls-server-name",
    "to": "--to",
    "to_prefix": "--to-prefix",
    "to_release": "--to-release",
    "to_store": "--to-store",
    "user": "--user",
    "wal": "--wal",
    "webhook_url": "--webhook-url",
    "where": "--where",
}
"""The option that stands for a parameter of the library."""
COMMANDS: Final = {
    "Release.known_gates": "`kstore releases -o json`",
    "kstore.migration()": "`kstore migrate --to GROUP/VERSION`",
    "plan.save()": "--dry-run --save-plan",
    "store.get(key)": "`kstore get KEY -o yaml`",
    "store.history(key)": "`kstore history KEY`",
    "store.prove()": "`kstore prove --record FILE`",
    "store.resources()": "`kstore resources`",
}
"""What does the same as a call of the library."""
OBJECT_EXPECTED: Final = "an object is YAML or JSON with apiVersion, kind and metadata"
"""What to say where an object is read."""
_CODE: Final = re.compile(r"`([^`]+)`")
_ARGUMENT: Final = re.compile(r"(\w+)=(.*)", re.S)


def hint_of(error: KstoreError) -> str:
    """What to try, in a sentence; empty where nothing is known to help."""
    own = worded(error.hint)
    for kind in type(error).__mro__:
        if kind in _HINTS:
            ours = _HINTS[kind](error)
            return f"{own}{'' if own.endswith('?') else ';'} {ours}" if own and ours else own or ours
    return own


def worded(hint: str) -> str:
    """A hint of the library with the options and commands that stand for what it names; other code stays as it is."""
    return _CODE.sub(lambda code: COMMANDS.get(code[1]) or _option_with_value(code[1]) or code[0], hint)


def option_of(parameter: str) -> str:
    """The option that stands for a parameter of the library: `-l` for `selector`."""
    return OPTIONS[parameter]


def _option_with_value(code: str) -> str:
    """`release='1.37'` as it is typed into a shell; empty for what is no argument with an option of its own."""
    argument = _ARGUMENT.fullmatch(code)
    if argument is None or argument[1] not in OPTIONS:
        return ""
    found, value = OPTIONS[argument[1]], argument[2]
    if value in ("", "True"):
        return found
    if value == "False":
        return f"no {found}"
    try:
        return f"{found} {command_text(str(ast.literal_eval(value)))}"
    except (ValueError, SyntaxError):
        return ""


def _interrupted(error: Interrupted) -> str:
    if not error.journal:
        return ""
    return (
        f"`{command_text('kstore', 'migrate', 'rollback' if error.rolling_back else 'resume', error.journal)}` goes on"
    )


def _journal_exists(error: JournalExists) -> str:
    return f"`{command_text('kstore', 'migrate', 'resume', error.where)}` goes on with it; --journal names another"


def _not_copyable(error: NotCopyable) -> str:
    return "`kstore restore / --from DIR --store ADDRESS` does so" if error.kind == "directory" else ""


def _not_found(error: NotFound) -> str:
    if not error.directory:
        return ""
    where = (error.directory,) if error.directory != "/" else ()
    return f"`{command_text('kstore', 'ls', *where)}` shows what is there"


def _extra_missing(error: ExtraMissing) -> str:
    from kstore.cli.installing import bring_extra

    command = bring_extra(error.extra)
    return f"`{command}`" if command else f"the extra `{error.extra}` of kstore brings it"


def _program_missing(error: ProgramMissing) -> str:
    from kstore.cli.installing import bring_package

    return f"`{bring_package(error.package)}` brings them"


def _rule_failed(error: RuleFailed) -> str:
    return f"`{command_text('kstore', 'plugin', 'check', error.plugin)}` tries all its rules"


def _unknown_field(error: UnknownField) -> str:
    if not error.explained:
        return ""
    return f"`{command_text('kstore', 'explain', error.explained)}` lists what there is"


def _unknown_resource(error: UnknownResource) -> str:
    return "`kstore resources` lists all" if not error.hint or error.hint.endswith("?") else ""


_HINTS: Final[dict[type[KstoreError], Callable[[Any], str]]] = {
    ExtraMissing: _extra_missing,
    Interrupted: _interrupted,
    JournalExists: _journal_exists,
    JournalTaken: lambda _: "--journal names another",
    NotASingleObject: lambda _: (
        "`kstore ls` shows what is there; --all means everything below a prefix or of a resource"
    ),
    NotCopyable: _not_copyable,
    NotFound: _not_found,
    NotServed: lambda _: "without --as-served it is shown as it is stored",
    ProgramMissing: _program_missing,
    RuleFailed: _rule_failed,
    StoreTimedOut: lambda _: "--dial-timeout and --command-timeout give it more time",
    UnclearPrefix: lambda _: "--etcd-prefix says which is meant, as the apiserver's own option does",
    UnknownField: _unknown_field,
    UnknownRelease: lambda _: "see `kstore releases`",
    UnknownResource: _unknown_resource,
    WorkerLost: lambda _: "--workers 1 computes in one process",
}
"""What is to be tried after an error of a class, beside its own hint."""
