"""
`delete` on a store in memory that others write to meanwhile: what is left alone, and the exit code.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.cli.conftest import Command, CommandOn
from tests.migrate.conftest import FaultySource

from kstore.cli.exit_codes import ExitCode
from kstore.errors import NoSpace, NotWritable
from kstore.records import Mutation

NAMES = [f"/registry/configmaps/d/{name}" for name in "abc"]


@pytest.fixture
def store() -> FaultySource:
    """Three ConfigMaps."""
    return FaultySource(
        {
            name.encode(): b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%s","namespace":"d"}}'
            % name[-1].encode()
            for name in NAMES
        }
    )


@pytest.fixture
def kstore(store: FaultySource, command_on: CommandOn) -> Command:
    """Run a command on the store."""
    return command_on(store)


@pytest.mark.parametrize("changed", [0, 1, 3])
def test_what_others_change_meanwhile(kstore: Command, store: FaultySource, changed: int) -> None:
    """It is left alone and named, the others are deleted, and the exit code tells."""

    def others(_: Sequence[Mutation]) -> None:
        store.before_commit = lambda _: None
        for name in NAMES[:changed]:
            store.put(name, b"theirs")

    store.before_commit = others
    code, out, err = kstore("delete", *NAMES, "--yes", "--keep", "saved")
    assert code == (ExitCode.CONFLICT if changed else ExitCode.DONE)
    assert {key.decode() for key in store.records} == set(NAMES[:changed])
    assert out.count(" deleted") == 3 - changed
    assert err.count("left alone") == changed
    assert sum(path.is_file() for path in Path("saved").rglob("*")) >= 3


@pytest.mark.parametrize("yes", [True, False])
def test_nothing_is_deleted_unasked(kstore: Command, store: FaultySource, tmp_path: Path, yes: bool) -> None:
    """Nor is a copy saved."""
    code, _, err = kstore("delete", NAMES[0], *(["--yes"] if yes else []))
    assert code == (ExitCode.DONE if yes else ExitCode.CONFLICT)
    assert (NAMES[0].encode() in store.records) is not yes
    assert (list(tmp_path.iterdir()) == []) is not yes
    assert yes or "--yes" in err


def test_a_store_that_is_only_read(kstore: Command, store: FaultySource, tmp_path: Path) -> None:
    """That is said before anything is saved."""

    def refuse() -> None:
        raise NotWritable("a serializable read may be stale")

    store.require_writable = refuse  # type: ignore[method-assign]
    code, _, err = kstore("delete", NAMES[0], "--yes")
    assert code != ExitCode.DONE
    assert "may be stale" in err
    assert (len(store.records), list(tmp_path.iterdir())) == (3, [])


def test_a_store_that_is_full(kstore: Command, store: FaultySource) -> None:
    """What ends it is the exit code, though the copy is saved."""

    def refuse(_: Sequence[Mutation]) -> None:
        raise NoSpace("full")

    store.before_commit = refuse
    code, _, err = kstore("delete", *NAMES, "--yes", "--keep", "saved")
    assert code == NoSpace.exit_code
    assert "full" in err
    assert len(store.records) == 3


@pytest.mark.parametrize("words", [("/registry/none",), (NAMES[0], "/registry/none"), ("configmaps/d/none",)])
def test_what_is_not_there(kstore: Command, store: FaultySource, tmp_path: Path, words: tuple[str, ...]) -> None:
    """A name that means nothing stops the whole."""
    code, _, err = kstore("delete", *words, "--yes")
    assert code == ExitCode.FAILED
    assert "none" in err
    assert (len(store.records), list(tmp_path.iterdir())) == (3, [])
