"""
A saved plan: what it lets happen, and what it is refused for.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kstore.catalog.releases import newest
from kstore.errors import JournalError
from kstore.migrate.plan import Change, Skipped, Unchanged
from kstore.migrate.planfile import LONGEST_LINE, SavedPlan, save_plan
from kstore.migrate.request import Request
from kstore.sorted_keys import SortedKeys

from .conftest import key

REQUEST = Request(release=newest().name, to=("apps/v1",))


@pytest.fixture
def saved(shop, planner, tmp_path: Path) -> Path:
    """The plan for ten objects."""
    path = tmp_path / "plan"
    list(save_plan(path, REQUEST, planner.plan(shop.scan())))
    return path


def test_what_has_moved_since_is_skipped(shop, planner, deployment, saved) -> None:
    """A change is what was saved: an object that was written since is not, were it with the same bytes."""
    shop.put(key("web-1"), shop.records[key("web-1")].value)
    shop.put(key("web-2"), deployment("web-2", image="web:9"))
    shop.put(key("web-3"), deployment("web-3", version="apps/v1"))
    shop.delete(key("web-4"))
    shop.put(key("web-new"), deployment("web-new"))
    plan = SavedPlan(saved)
    steps = {step.record.key: step for step in plan.only(planner).plan(plan.records(shop))}
    assert set(steps) == {key(f"web-{number}") for number in range(10)}
    told = {step.record.key: step.error.code for step in steps.values() if isinstance(step, Skipped)}
    assert told == {key("web-1"): "conflict", key("web-2"): "conflict", key("web-4"): "not-found"}
    assert isinstance(steps[key("web-3")], Unchanged)
    assert sum(isinstance(step, Change) for step in steps.values()) == 6


def test_a_plan_is_cut_or_edited(saved) -> None:
    """It is not applied, unless somebody says that it is meant."""
    lines = saved.read_bytes().splitlines(keepends=True)
    for kept in (lines[:-1], lines[:3], [*lines[:2], *lines[3:]], [*lines[:1], lines[2], lines[1], *lines[3:]]):
        saved.write_bytes(b"".join(kept))
        with pytest.raises(JournalError):
            SavedPlan(saved)
        SavedPlan(saved, edited=True)


def test_a_file_that_takes_the_name_meanwhile(shop, planner, tmp_path: Path) -> None:
    """What somebody else has written by the time that all is planned stays theirs."""
    path = tmp_path / "plan"
    steps = save_plan(path, REQUEST, planner.plan(shop.scan()))
    next(steps)
    path.write_text("theirs")
    with pytest.raises(JournalError, match="already exists"):
        list(steps)
    assert path.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_a_plan_of_the_first_version(shop, planner, saved) -> None:
    """It had no end mark, so whether it is whole nobody can tell: applied where somebody says that it is meant."""
    header, *changes, _ = saved.read_bytes().splitlines(keepends=True)
    for version in (0, 1, 3):
        first = json.dumps({**json.loads(header), "version": version}).encode() + b"\n"
        saved.write_bytes(b"".join([first, *changes]))
        with pytest.raises(JournalError, match="no end mark" if version == 1 else f"of version {version}, this"):
            SavedPlan(saved)
    saved.write_bytes(saved.read_bytes().replace(b'"version": 3', b'"version": 1'))
    plan = SavedPlan(saved, edited=True)
    assert sum(isinstance(step, Change) for step in plan.only(planner).plan(plan.records(shop))) == 10


def test_a_key_stands_there_twice(saved) -> None:
    """Which of the two lines is meant nobody can tell, not even of a plan that was edited on purpose."""
    lines = saved.read_bytes().splitlines(keepends=True)
    saved.write_bytes(b"".join([*lines[:4], lines[2], *lines[4:]]))
    with pytest.raises(JournalError, match="line 5 names a key that an earlier line names"):
        SavedPlan(saved, edited=True)


@pytest.mark.parametrize("more", [0, 1])
def test_a_line_is_too_long(saved, more: int) -> None:
    """It is refused as that, and never read in pieces."""
    lines = saved.read_bytes().splitlines(keepends=True)
    members = json.loads(lines[1])
    members["path"] += "x" * (LONGEST_LINE - len(lines[1]) + more)
    saved.write_bytes(b"".join([lines[0], json.dumps(members).encode() + b"\n", *lines[2:]]))
    with pytest.raises(JournalError, match=f"line 2 is longer than {LONGEST_LINE} bytes"):
        SavedPlan(saved, edited=True)


def test_a_line_is_changed_while_the_plan_is_applied(shop, planner, saved) -> None:
    """What was read and held to the end mark is what is applied, or nothing."""
    plan = SavedPlan(saved)
    saved.write_bytes(saved.read_bytes().replace(b'"reason": "version"', b'"reason": "nothing"'))
    with pytest.raises(JournalError, match="changed while it is applied"):
        list(plan.only(planner).plan(plan.records(shop)))


def test_a_key_is_named_twice(saved) -> None:
    """The second of its lines is told, wherever it is."""
    lines = saved.read_bytes().splitlines(keepends=True)
    saved.write_bytes(b"".join([*lines[:5], lines[2], *lines[5:]]))
    with pytest.raises(JournalError, match="line 6 names a key that an earlier line names"):
        SavedPlan(saved, edited=True)


def test_a_plan_in_another_order(shop, planner, saved, monkeypatch) -> None:
    """Whoever edits a plan may sort it; and more keys than are sorted in memory are the same to it."""
    lines = saved.read_bytes().splitlines(keepends=True)
    saved.write_bytes(b"".join([lines[0], *reversed(lines[1:-1])]))
    monkeypatch.setattr(SortedKeys.__init__, "__defaults__", (3,))
    plan = SavedPlan(saved, edited=True)
    steps = list(plan.only(planner).plan(plan.records(shop)))
    assert [step.record.key for step in steps] == [key(f"web-{number}") for number in range(10)]
    assert all(isinstance(step, Change) for step in steps)
