"""
The commands that a finding advises, as they are given on each kind of store.

A running etcd is written itself; of a file a new one is written, which the next command goes on with; every other store
is only read, and what would change it is left out. Knows command lines; not what is wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from kstore.inspect.findings import Command

ELSEWHERE = "this kind of store is only read: what changes an object is done in the cluster that it is from"

WEBHOOK = (
    "its CRD converts by a webhook: it is asked only with --allow-webhooks, or elsewhere than the CRD says with "
    "--webhook-url URL"
)
AS_OF = "this was so at revision {}: without --rev, check says what is so now, and what repairs it"


def kstore(*arguments: object) -> Command:
    """A command line of kstore, argument by argument: keys and names are never joined into text."""
    return ("kstore", *map(str, arguments))


def deletion(key: str) -> tuple[Command, Command]:
    """To delete what cannot be in use: first said what would go, then done, with a copy kept."""
    return kstore("delete", key, "--dry-run"), kstore("delete", key, "--keep", f"kept-{_file_name(key)}")


def migration(resource: str, release: object) -> Command:
    """To have a resource's objects as a release stores them."""
    return kstore("migrate", resource, "--to-release", release)


_COPIES = {"delete": "without", "edit": "edited", "migrate": "migrated", "encrypt": "encrypted"}
"""The commands that write, and how the new file is called that each makes of a file."""


def only_shown(advice: Sequence[Command], losing: Collection[str]) -> tuple[Command, ...]:
    """
    The commands, of which those that migrate a resource only show what they would do where an object would lose fields.

    Args:
        advice: the commands as they are given on a running store.
        losing: the resources of which one would.
    """
    return tuple(
        (*one, "--dry-run=diff") if one[1] == "migrate" and one[2] in losing and _writes(one) else one for one in advice
    )


def on_file(advice: Sequence[Command], release: str, *, whole: bool = True) -> tuple[Command, ...]:
    """
    The commands as they are given on a file, which stays as it is.

    Each that writes names its new file, and those after it go on with that. What brings one resource to what the
    release stores, or encrypts one, does so with all of them: a new file for each resource would help nobody.

    Args:
        advice: the commands as they are given on a running store.
        release: the one that the store is checked for.
        whole: all resources may be meant; False where one of them would lose something.
    """
    return tuple(_on_file(advice, release if whole else ""))


def _on_file(advice: Sequence[Command], release: str) -> Iterator[Command]:
    before: Command = ()
    for command in advice:
        if command[0] != "kstore":
            yield command
        elif not _writes(command):
            yield (*command, *before)
        else:
            meant = _of_all(command, release)
            name = _copy(meant)
            yield (*meant, *before, "--output", name)
            before = ("--store", name)


def for_reading(advice: Sequence[Command], *, history: bool) -> tuple[Command, ...]:
    """
    The commands that a store which is only read can be given.

    Args:
        advice: the commands as they are given on a running store.
        history: the store keeps one.
    """
    left = (one for one in advice if one[0] != "kstore" or one[1] not in _COPIES)  # not to be tried either
    return tuple(one for one in left if history or one[:2] != kstore("history"))


def _writes(command: Command) -> bool:
    return (
        command[0] == "kstore" and command[1] in _COPIES and not any(word.startswith("--dry-run") for word in command)
    )


def _of_all(command: Command, release: str) -> Command:
    """The command without its resource, where it may mean all of them."""
    program, verb, _, *options = command
    whole = verb == "encrypt" or (verb == "migrate" and options == ["--to-release", release])
    return (program, verb, *options) if whole else command


def _copy(command: Command) -> str:
    """The name of the new file: of one resource, key or release, as far as they are named."""
    verb = command[1]
    subjects = [] if command[2].startswith("-") else [_file_name(command[2])]
    if verb == "migrate" and "--to-release" in command:
        subjects.append(command[command.index("--to-release") + 1])
    return "-".join((_COPIES[verb], *subjects)) + ".db"


def _file_name(key: str) -> str:
    return "".join(char if char.isalnum() or char in ".-_" else "_" for char in key.rpartition("/")[2])[:60]
