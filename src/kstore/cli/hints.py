"""
What to try about an error of the library: the commands and options of the command line that help, by the error's class.

The library's errors carry data, and what anybody could try; what only kstore's own commands can do is said here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kstore.errors import (
    ExtraMissing,
    Interrupted,
    JournalExists,
    JournalTaken,
    KstoreError,
    NotASingleObject,
    NotFound,
    ProgramMissing,
    StoreTimedOut,
    UnclearPrefix,
    UnknownResource,
    WorkerLost,
)
from kstore.printable import command_text


def hint_of(error: KstoreError) -> str:
    """What to try, in a sentence; empty where nothing is known to help."""
    for kind in type(error).__mro__:
        if kind in _HINTS:
            own = error.hint
            ours = _HINTS[kind](error)
            return f"{own}{'' if own.endswith('?') else ';'} {ours}" if own and ours else own or ours
    return error.hint


def _interrupted(error: Interrupted) -> str:
    if not error.journal:
        return ""
    return (
        f"`{command_text('kstore', 'migrate', 'rollback' if error.rolling_back else 'resume', error.journal)}` goes on"
    )


def _journal_exists(error: JournalExists) -> str:
    return f"`{command_text('kstore', 'migrate', 'resume', error.where)}` goes on with it; --journal names another"


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


def _unknown_resource(error: UnknownResource) -> str:
    return "`kstore resources` lists all" if not error.hint or error.hint.endswith("?") else ""


_HINTS: dict[type[KstoreError], Callable[[Any], str]] = {
    ExtraMissing: _extra_missing,
    Interrupted: _interrupted,
    JournalExists: _journal_exists,
    JournalTaken: lambda _: "--journal names another",
    NotASingleObject: lambda _: (
        "`kstore ls` shows what is there; --all means everything below a prefix or of a resource"
    ),
    NotFound: _not_found,
    ProgramMissing: _program_missing,
    StoreTimedOut: lambda _: "--dial-timeout and --command-timeout give it more time",
    UnclearPrefix: lambda _: "--etcd-prefix says which is meant, as the apiserver's own option does",
    UnknownResource: _unknown_resource,
    WorkerLost: lambda _: "--workers 1 computes in one process",
}
