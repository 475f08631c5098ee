"""
What differs, given to another program as `kubectl diff` gives it: two directories with a file of YAML for each object.

The program is `$KUBECTL_EXTERNAL_DIFF`, else `diff -u -N`; the directories and files are named as kubectl names them
(`pkg/cmd/diff/diff.go` of k8s.io/kubectl), since scripts for it know these names.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kstore.errors import KstoreError, UsageError
from kstore.naming import parse_group_version

if TYPE_CHECKING:
    from kstore.inspect.comparison import Compared

_DEFAULT: Final = ("diff", "-u", "-N")
_OLD, _NEW = "LIVE", "MERGED"
_LONGEST: Final = 200
"""Bytes of a file's name; file systems take 255."""


def external_diff(found: Iterable[Compared], *, secrets: bool) -> Iterator[Compared]:
    """
    Write each pair of objects, and have the program compare them all at the end; yield what was compared.

    The files are their owner's only, and removed at the end.

    Args:
        found: what differs, with its objects.
        secrets: show the values of Secrets.

    Raises:
        UsageError: the program's command cannot be understood.
        KstoreError: it cannot be run, or says that it failed (an exit code above 1).
    """
    command = program()
    with ExitStack() as stack:
        old, new = (Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{name}-"))) for name in (_OLD, _NEW))
        written = False
        for one in found:
            written = _write(one, old, new, secrets=secrets) or written
            yield one
        if written:
            _run([*command, str(old), str(new)])


def program() -> list[str]:
    """
    The program and its arguments.

    kubectl drops, without a word, what is not made of letters, digits, dashes and equals signs; kstore drops nothing.

    Raises:
        UsageError: a quote in it is not closed.
    """
    try:
        return shlex.split(os.environ.get("KUBECTL_EXTERNAL_DIFF", "")) or list(_DEFAULT)
    except ValueError as error:
        raise UsageError(f"$KUBECTL_EXTERNAL_DIFF is no command: {error}") from None


def _write(one: Compared, old: Path, new: Path, *, secrets: bool) -> bool:
    """Write the two states of an object, and say whether there was anything that can be written."""
    from kstore.view.unified_text import masked_pair
    from kstore.view.yaml_text import to_yaml

    if one.before == one.after:  # both can be None: neither can be decoded
        click.echo(f"kstore: {one.key} differs in its bytes alone: {one.note}", err=True)
        return False
    states = (one.before, one.after) if secrets else masked_pair(one.before, one.after, one.key)
    name = _free(_file_name(one.after or one.before or {}), old, new)
    for folder, state in zip((old, new), states, strict=True):
        if state is not None:
            (folder / name).write_text(to_yaml(state), encoding="utf-8")
    return True


def _file_name(obj: dict[str, Any]) -> str:
    """`apps.v1.Deployment.shop.web`, as kubectl calls an object's file; a longer name ends in its hash."""
    version = parse_group_version(str(obj.get("apiVersion") or "v1"))
    metadata = obj.get("metadata")
    own = metadata if isinstance(metadata, dict) else {}
    parts = [version.version, obj.get("kind"), own.get("namespace"), own.get("name")]
    name = ".".join(([version.group] if version.group else []) + [str(part or "") for part in parts])
    name = "".join("_" if char in "/\\\0" or not char.isprintable() else char for char in name)
    if len(name.encode()) <= _LONGEST:
        return name
    cut = name.encode()[:_LONGEST].decode("utf-8", "ignore")
    return f"{cut}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _free(name: str, *folders: Path) -> str:
    """The name, with a number behind it where another object has it: clusters below one prefix share names."""
    number, found = 1, name
    while any((folder / found).exists() for folder in folders):
        number += 1
        found = f"{name}~{number}"
    return found


def _run(command: list[str]) -> None:
    sys.stdout.flush()
    try:
        code = subprocess.run(command, check=False).returncode
    except OSError as error:
        raise KstoreError(
            f"{command[0]} cannot be run: {error.strerror}",
            hint="$KUBECTL_EXTERNAL_DIFF names the program, as for `kubectl diff`",
        ) from error
    if code == -getattr(signal, "SIGPIPE", 0) and code:
        raise BrokenPipeError  # whoever read its output has gone
    if code not in (0, 1):
        raise KstoreError(f"{command[0]} failed: its exit code is {code}", hint="0 and 1 say what it found")
