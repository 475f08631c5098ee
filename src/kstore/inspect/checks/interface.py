"""
What a check is made of: a rule, the function that finds what breaks it, and what that function yields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kstore.inspect.findings import Command, Rule
from kstore.inspect.survey import Seen, Survey


@dataclass(frozen=True, slots=True)
class Found:
    """One place where something is wrong."""

    subject: str
    key: str
    detail: str = ""
    advice: tuple[Command, ...] = ()
    """The commands that repair it, or show more of it, in their order."""
    words: str = ""
    """What to do where no command is safe or enough."""


Look = Callable[[Seen, Survey], Iterable[Found]]
"""Looks at every record as it passes."""
Conclude = Callable[[Survey], Iterable[Found]]
"""Concludes when all records have passed."""


@dataclass(frozen=True, slots=True)
class Check:
    """A rule, and the function that finds what breaks it."""

    rule: Rule
    look: Look | None = None
    conclude: Conclude | None = None


def kstore(*arguments: object) -> Command:
    """A command line of kstore, argument by argument: keys and names are never joined into text."""
    return ("kstore", *map(str, arguments))


def deletion(key: str) -> tuple[Command, Command]:
    """To delete what cannot be in use: first said what would go, then done, with a copy kept."""
    return kstore("delete", key, "--dry-run"), kstore("delete", key, "--keep", f"kept-{_file_name(key)}")


_COPIES = {"delete": "without", "edit": "edited", "restore": "restored"}
"""The commands that change single keys, and how the copy of a file is called that each makes."""


def on_store(command: Command, *, is_file: bool) -> Command:
    """The command as it is given on a store: on a file, which stays as it is, with the name of the new one."""
    program, verb, *arguments = (*command, "")
    if not is_file or program != "kstore" or verb not in _COPIES or "--dry-run" in arguments:
        return command
    return (*command, "--output", f"{_COPIES[verb]}-{_file_name(arguments[0])}.db")


def _file_name(key: str) -> str:
    return "".join(char if char.isalnum() or char in ".-_" else "_" for char in key.rpartition("/")[2])[:60]
