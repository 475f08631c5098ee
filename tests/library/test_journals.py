"""
What becomes of a journal afterwards: gone on with, or undone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.migrate.conftest import FaultySource, codec, deployment, key, planner

import kstore
from kstore.errors import (
    Interrupted,
    JournalError,
    JournalTaken,
    StoreUnreachable,
    UsageError,
    WriteRefused,
)
from kstore.library import migration as migrations
from kstore.library.journals import require_in_place, require_resumable, roll_back
from kstore.library.writing import journal_of_file
from kstore.migrate.journal import Journal
from kstore.migrate.journal_writer import JournalWriter
from kstore.migrate.plan import Change, VersionPlanner
from kstore.migrate.summary import Summary
from kstore.write.retry import Retry

__all__ = ["codec", "deployment", "planner"]


@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("rolled_back", ["", "begun", "done"])
def test_what_can_be_resumed(tmp_path: Path, finished: bool, rolled_back: str) -> None:
    """A migration that is at its end, too; none whose rollback was so much as begun."""
    writer = JournalWriter(tmp_path / "journal", {"request": {}})
    if finished:
        writer.finish(Summary())
    if rolled_back:
        writer.begin_rollback()
    if rolled_back == "done":
        writer.finish_rollback(0)
    writer.close()
    journal = Journal(tmp_path / "journal")
    require_in_place(journal)
    if not rolled_back:
        require_resumable(journal)
        return
    with pytest.raises(WriteRefused, match="was rolled back" if rolled_back == "done" else "was begun"):
        require_resumable(journal)


@pytest.mark.parametrize("there", [True, False])
def test_a_journal_of_a_file(tmp_path: Path, there: bool) -> None:
    """The new database is whole, or not there: nothing is gone on with, and nothing put back."""
    output = tmp_path / "new.db"
    JournalWriter(tmp_path / "journal", {"request": {}, "output": str(output)}).close()
    if there:
        output.touch()
    journal = Journal(tmp_path / "journal")
    with pytest.raises(UsageError, match="came to its end" if there else "nothing to resume"):
        require_resumable(journal)
    with pytest.raises(WriteRefused, match="wrote a new file"):
        require_in_place(journal)


@pytest.mark.parametrize("read_only", [True, False])
def test_what_may_yet_come_is_ended_by_a_rollback(
    tmp_path: Path, planner: VersionPlanner, deployment: Callable[..., bytes], read_only: bool
) -> None:
    """A transaction whose end nobody saw can happen no more afterwards; where nothing is written, it still may."""
    store = FaultySource({key(name): deployment(name) for name in ("a", "b")})
    changes = [step for step in planner.plan(list(store.scan())) if isinstance(step, Change)]
    writer = JournalWriter(tmp_path / "journal", {"request": {}})
    writer.begin(changes)
    writer.close()
    result = roll_back(Journal(tmp_path / "journal"), store, Retry(), read_only=read_only)
    assert (result.restored, result.findings) == (0, {})
    assert store.commit([change.mutation() for change in changes]).succeeded is read_only
    """At the end once more, for good, where an end was not seen or the journal was gone on with; else never."""
    path = tmp_path / "j"
    asked: list[bool] = []
    from kstore.migrate import settle as settling

    real = settling.settle

    def settle(*given: Any, for_good: bool = False) -> int:
        asked.append(for_good)
        return real(*given, for_good=for_good)

    monkeypatch.setattr(settling, "settle", settle)
    if ends == "resumed":
        killed(shop, path, happened=False)
        opened(path, shop).resume()
        assert asked == [False, True]
        return
    if ends == "unseen":

        def lose() -> None:
            shop.after_commit = lambda: None
            raise StoreUnreachable("the answer was lost")

        shop.after_commit = lose
    migrate(shop, path)
    assert asked == ([True] if ends == "unseen" else [])
    assert state_of(Journal(path)).finished


@pytest.mark.parametrize("allowed", [True, False])
def test_webhooks_are_allowed_each_time(shop: FaultySource, tmp_path: Path, allowed: bool) -> None:
    """Who goes on with a migration that sends objects away has to say so again."""
    path = tmp_path / "j"
    with kstore.open(shop) as store:
        request = kstore.migration(store, to="apps/v1", allow_webhooks=True)
        JournalWriter(path, request.header()).close()
    if allowed:
        opened(path, shop).resume(allow_webhooks=True)
        assert state_of(Journal(path)).finished
        return
    with pytest.raises(UsageError, match="to be allowed each time"):
        opened(path, shop).resume()
    assert names(path) == []


@pytest.mark.parametrize("changed", [True, False])
def test_the_plan_that_was_applied(shop: FaultySource, tmp_path: Path, changed: bool) -> None:
    """A migration that was held to a plan goes on by that very plan, and by no other."""
    from kstore.migrate.planfile import SavedPlan

    plan, path = tmp_path / "plan", tmp_path / "j"
    with kstore.open(shop) as store:
        kstore.migration(store, to="apps/v1").plan().save(plan)
        core = store.read_as("")
        saved = SavedPlan(plan)
        held = migrations.Migration(core, saved.request, saved=saved)
        JournalWriter(path, held.header()).close()
    if changed:
        lines = plan.read_bytes().splitlines(keepends=True)
        plan.write_bytes(b"".join(lines[:1] + lines[2:]))
        with pytest.raises(JournalError):
            opened(path, shop).resume()
        return
    opened(path, shop).resume()
    assert state_of(Journal(path)).objects == 10


def test_an_old_revision_is_not_migrated(shop: FaultySource, tmp_path: Path) -> None:
    """Neither in place nor into a file; there is no journal of it."""
    revision = shop.revision
    shop.put(key("later"), b"x")
    with kstore.open(shop, revision=revision) as store:
        for act in (
            lambda one: one.apply(tmp_path / "j"),
            lambda one: one.write(tmp_path / "new.db"),
        ):
            with pytest.raises(UsageError, match="an old revision"):
                act(kstore.migration(store, to="apps/v1"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("act", ["resume", "rollback"])
def test_asked_to_stop(shop: FaultySource, tmp_path: Path, act: str) -> None:
    """Either can be stopped, says so, and is gone on with."""
    import threading

    path, stop = tmp_path / "j", threading.Event()
    killed(shop, path, happened=True)
    stop.set()
    journal = opened(path, shop)
    run: Callable[..., object] = getattr(journal, act)
    with pytest.raises(Interrupted) as stopped:
        run(stop=stop)
    assert stopped.value.journal == str(path)
    run()
    assert opened(path, shop).verify().findings == [] or act == "rollback"


# ---- of a new file


@pytest.mark.parametrize("name", ["", "mine"])
@pytest.mark.parametrize("ends", ["published", "not", "fails"])
def test_the_journal_of_a_new_file(tmp_path: Path, name: str, ends: str) -> None:
    """It has the name that was given, or that of the output, and is seen whole or not at all."""
    output = tmp_path / "new.db"
    path = tmp_path / (name or "new.db.journal")

    class Failed(Exception):
        """What is made fails."""

    def make() -> None:
        with journal_of_file(output, tmp_path / name if name else None, {"request": {}}) as writer:
            assert writer.path == path
            assert not path.exists()
            if ends == "published":
                writer.publish()
            elif ends == "fails":
                raise Failed

    if ends == "fails":
        with pytest.raises(Failed):
            make()
    else:
        make()
    assert list(tmp_path.iterdir()) == ([path] if ends == "published" else [])


@pytest.mark.parametrize("taken", ["new.db", "new.db.journal"])
def test_names_that_are_taken(tmp_path: Path, taken: str) -> None:
    """Neither the output's nor the journal's is taken from another file."""
    (tmp_path / taken).write_text("mine")
    with (
        pytest.raises(WriteRefused if taken == "new.db" else JournalTaken),
        journal_of_file(tmp_path / "new.db", None, {"request": {}}),
    ):
        pass
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_a_journal_without_its_output(tmp_path: Path) -> None:
    """One that was killed before its output appeared is written anew."""
    output = tmp_path / "new.db"
    for _ in range(2):
        with journal_of_file(output, None, {"output": str(output.resolve()), "request": {}}) as writer:
            writer.publish()
    assert [path.name for path in tmp_path.iterdir()] == ["new.db.journal"]
