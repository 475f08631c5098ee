"""
What somebody types in an editor: a file that stays until it is written, so that no typing is ever lost.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import click

from kstore.errors import KstoreError, UsageError
from kstore.printable import command_text
from kstore.regular_file import read_regular

LARGEST = 64 << 20
"""Bytes of an object as YAML; etcd takes 1.5 MiB a request unless it is told otherwise."""


class Draft:
    """
    A file for an editor, as a context manager. It is removed when `done` says so, or nothing was changed in it; else it
    is left, and said where it is and how to go on with it.

    Readable by its owner only: it may hold a Secret.

    Args:
        text: what the editor begins with.
        again: the command that takes a changed object from a file, but for the file.

    Raises:
        KstoreError: there is no room for it.
    """

    def __init__(self, text: str, again: tuple[str, ...]) -> None:
        self.done = False
        """Whether what was typed has been written, or is not wanted any more."""
        self._begun = text
        self._again = again
        try:
            descriptor, name = tempfile.mkstemp(prefix="kstore-edit-", suffix=".yaml")
            self.path = Path(name)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
            except OSError:  # of an object that may be a Secret, half is there, and nobody was shown it
                self.path.unlink()
                raise
        except OSError as error:
            raise KstoreError(
                f"a file for the editor cannot be written: {error.strerror}",
                where=tempfile.gettempdir(),
                hint="$TMPDIR names another directory",
            ) from error

    def edit(self, editor: str | None) -> str | None:
        """
        Open the editor, or the system's; what was saved, or None if that is nothing new.

        Raises:
            UsageError: what was saved is no text.
        """
        click.edit(filename=str(self.path), editor=editor)
        text = read_text(self.path)
        return text if self._is_new(text) else None

    def _is_new(self, text: str) -> bool:
        return bool(text.strip()) and text != self._begun

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            wanted = not self.done and self._is_new(read_text(self.path))
        except UsageError:  # it is there, and no text
            wanted = self.path.exists()
        if wanted:
            again = command_text(*self._again, "-f", str(self.path))
            click.echo(f"kstore: what you typed is saved in {self.path}; `{again}` goes on with it", err=True)
            return
        with suppress(OSError):
            self.path.unlink()


def chosen_editor() -> str | None:
    """
    The editor that the environment names; None leaves it to the system.

    Raises:
        UsageError: there is neither an editor nor a terminal for one.
    """
    editor = os.environ.get("KUBE_EDITOR") or os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor and not sys.stdin.isatty():
        raise UsageError("there is no terminal for an editor", hint="-f FILE takes the changed object from a file")
    return editor


def read_text(path: Path) -> str:
    """
    The text of a file.

    Raises:
        UsageError: it cannot be read, or is no text.
    """
    try:
        return read_regular(path, LARGEST).decode()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError:
        raise UsageError("this is no text", where=str(path), hint="YAML or JSON, in UTF-8") from None
