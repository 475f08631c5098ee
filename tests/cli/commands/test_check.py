"""
Which checks are run: `kstore check --only`, `--skip` and `--severity`, told without a store.
"""

from __future__ import annotations

import pytest
from tests.cli.conftest import CommandOn, Kstore

from kstore.testing import MemorySource


def listed(kstore: Kstore, *arguments: str) -> list[str]:
    """The checks that would be run."""
    ran = kstore("check", "--list", *arguments)
    assert ran.code == 0
    return [line.split()[0] for line in ran.text.splitlines()]


def test_what_is_wanted_and_what_is_left_out(kstore: Kstore) -> None:
    """Each option narrows what the others leave, in the order of the checks."""
    every = listed(kstore)
    first, second, third = every[:3]
    assert listed(kstore, "--skip", f"{first}, {third}") == [one for one in every if one not in (first, third)]
    assert listed(kstore, "--only", f"{third},{first}") == [first, third]
    assert listed(kstore, "--only", f"{first},{second}", "--skip", first) == [second]
    errors = listed(kstore, "--severity", "error")
    assert set(errors) < set(listed(kstore, "--severity", "warning")) < set(every)
    assert listed(kstore, "--severity", "error", "--skip", errors[0]) == errors[1:]


@pytest.mark.parametrize("option", ["--only", "--skip"])
def test_a_check_that_there_is_not(kstore: Kstore, option: str) -> None:
    """It is named, with the one that was probably meant."""
    ran = kstore("check", "--list", option, "plain-txt")
    assert ran.code == 2
    assert "there is no check 'plain-txt'" in ran.err
    assert "plain-text" in ran.err


@pytest.mark.parametrize(("keys", "shown"), [("0", 4), ("1", 1), ("3", 3), ("9", 4)])
def test_how_many_keys_are_shown(command_on: CommandOn, keys: str, shown: int) -> None:
    """So many of each finding, and how many more there are; 0 is all of them."""
    store = MemorySource({f"/registry/pods/default/{name}": b"k8s\0\xff" for name in "abcd"})
    code, out, _ = command_on(store)("check", "--only", "undecodable", "--keys", keys)
    assert code == 5
    assert sum(line.startswith("    /registry/pods/default/") for line in out.splitlines()) == shown
    assert (f"and {4 - shown} more" in out) is (shown < 4)
