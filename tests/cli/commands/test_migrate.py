"""
`kstore migrate`: what its command line means, on the demo store.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ..conftest import Kstore


@pytest.fixture
def journal(demo: Kstore, tmp_path: Path) -> Path:
    """The journal of a migration of the demo store."""
    assert demo("migrate", "--to", "apps/v1", "--yes", "--output", str(tmp_path / "new.db")).code == 0
    return tmp_path / "new.db.journal"


@pytest.mark.parametrize("order", [["--dry-run", "deployments"], ["deployments", "--dry-run"]])
def test_a_dry_run_takes_a_resource_beside_it(demo: Kstore, order: list[str]) -> None:
    """What stands after --dry-run is a resource, not its value."""
    ran = demo("migrate", "--to", "apps/v1", *order)
    assert ran.code == 0
    assert "Deployment" in ran.text
    assert "StatefulSet" not in ran.text
    assert demo("migrate", "--to", "apps/v1", "--dry-run", "diff").code == 2
    assert "apiVersion" in demo("migrate", "--dry-run=diff", "--to", "apps/v1").text


@pytest.mark.parametrize(
    "options", [["--store", "demo"], ["--store=demo"], ["--no-color"], ["--release", "1.37", "--traceback"]]
)
def test_options_of_the_store_before_the_second_command(kstore: Kstore, journal: Path, options: list[str]) -> None:
    """`kstore migrate OPTIONS verify JOURNAL` is a verification, and what the migration wrote is what is read."""
    ran = kstore("migrate", *options, "verify", str(journal))
    assert (ran.code, ran.err) == (0, "")
    assert "all are as planned" in ran.text


def test_the_name_of_a_command_as_a_value(demo: Kstore) -> None:
    """A namespace may be called status."""
    ran = demo("migrate", "-n", "status", "--to", "apps/v1", "--dry-run")
    assert (ran.code, ran.text) == (0, "Nothing in the store is concerned.\n")


def test_what_a_saved_plan_cannot_be_told(demo: Kstore, tmp_path: Path) -> None:
    """A plan is kept by a dry run only, and says itself what is migrated."""
    plan, output = tmp_path / "plan", tmp_path / "new.db"
    write = ("--yes", "--output", str(output))
    assert demo("migrate", "--to", "apps/v1", "--save-plan", str(plan), *write).code == 2
    assert not plan.exists()
    assert not output.exists()
    assert demo("migrate", "--to", "apps/v1", "--save-plan", str(plan), "--dry-run").code == 0
    for more in (["--to", "apps/v1"], ["--to-release", "1.37"], ["deployments"], ["-n", "shop"]):
        ran = demo("migrate", "--plan", str(plan), *more, *write)
        assert (ran.code, output.exists()) == (2, False)
        assert "a saved plan says itself" in ran.err
    assert demo("migrate", "--plan", str(plan), *write).code == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello\n", "no saved plan"),
        ("[1]\n", "no saved plan"),
        ("1\n", "no saved plan"),
        ("", "no saved plan"),
        ('{"format": "kstore-plan", "version": 3}\n', "the plan is of version 3"),
        ('{"format": "kstore-plan", "version": "2"}\n', "the plan is of version 2"),
        ('{"format": "kstore-plan", "version": 2, "request": {"release": 5}}\n', "`release` in its `request`"),
        ('{"format": "kstore-plan", "version": 2, "request": {"release": "1.37", "to": [1]}}\n', "`to` in its"),
        ('{"format": "kstore-plan", "version": 1}\n', "the first line does not say what was asked for"),
    ],
)
def test_what_is_no_saved_plan(demo: Kstore, tmp_path: Path, text: str, words: str) -> None:
    """Another file, and a plan of another kstore, are named as such."""
    plan = tmp_path / "plan"
    plan.write_text(text)
    ran = demo("migrate", "--plan", str(plan), "--dry-run")
    assert ran.code == 1
    assert words in ran.err
    assert "unexpected" not in ran.err
