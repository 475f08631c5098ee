"""
What each command prints of the demo store, reviewed and kept; the same on a terminal as in a pipe.

After a change that is meant: `pytest tests/cli/test_output_snapshots.py --snapshot-update`, and read the difference.
"""

from __future__ import annotations

import re
import sys

import pexpect
import pytest
from syrupy.assertion import SnapshotAssertion
from tests.cli.conftest import Kstore

NOW = ("--now", "2026-11-30T00:00:00Z")
COMMANDS = [
    ("ls",),
    ("ls", "-o", "wide"),
    ("ls", "all", *NOW),
    ("ls", "deploy", "-o", "wide", "--storage-columns", "all", "--show-labels", *NOW),
    ("ls", "nodes,hpa,cj,pdb,ct,crd", *NOW),
    ("ls", "pods", "-o", "name"),
    ("ls", "deploy", "-o", "custom-columns=NAME:.metadata.name,IMAGE:.spec.template.spec.containers[*].image"),
    ("get", "pods/default/webserver"),
    ("get", "secrets/shop/payment-gateway"),
    ("get", "hpa/webserver", "--as", "autoscaling/v1"),
    ("get", "pods/default/webserver", "-o", "describe", *NOW),
    ("get", "deploy/shop/cart", "-o", "describe", *NOW),
    ("get", "nodes", "node-a", "-o", "describe", *NOW),
    ("get", "secrets/shop/payment-gateway", "-o", "describe", *NOW),
    ("get", "crd", "crontabs.stable.example.com", "-o", "describe", *NOW),
    ("get", "ct/my-new-cron-object", "-o", "describe", *NOW),
    ("get", "deploy/shop/cart", "-o", "storage"),
    ("get", "ct/my-new-cron-object", "-o", "storage"),
    ("get", "deploy/shop/cart", "-o", "hex"),
    ("resources", "deploy", "ing", "ct", "no"),
    ("resources", "deploy", "psp", "-o", "wide"),
    ("resources", "explain", "/registry/minions/node-a", "ct"),
    ("explain", "pods.spec.containers.ports"),
    ("explain", "ct", "--recursive"),
    ("ls", "deploy,pdb", "--sort-by", ".metadata.name", "--show-kind", *NOW),
    ("migrate", "--to-release", "1.37", "--dry-run"),
    ("migrate", "poddisruptionbudgets.policy", "--to", "policy/v1", "--dry-run=diff"),
    ("releases",),
]
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.mark.large
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_output(demo: Kstore, snapshot: SnapshotAssertion, arguments: tuple[str, ...]) -> None:
    """Standard output, standard error and the exit code."""
    ran = demo(*arguments)
    assert {"code": ran.code, "out": ran.text, "err": ran.err} == snapshot


@pytest.mark.large
@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")
@pytest.mark.parametrize("columns", [80, 160])
@pytest.mark.parametrize("arguments", [COMMANDS[3], COMMANDS[10], COMMANDS[16]], ids=" ".join)
def test_on_a_terminal(demo: Kstore, arguments: tuple[str, ...], columns: int) -> None:
    """A terminal may have colours; the words are the same, whatever its width, and none of the tree is broken."""
    child = pexpect.spawn(
        sys.executable, ["-m", "kstore", "--store", "demo", *arguments], dimensions=(40, columns), encoding="utf-8"
    )
    child.expect(pexpect.EOF, timeout=60)
    child.close()
    assert child.exitstatus == 0
    shown = _ESCAPES.sub("", str(child.before)).replace("\r\n", "\n").rpartition("\r")[2]
    assert shown.split() == demo(*arguments).text.split()
    if arguments == ("ls",):
        assert max(map(len, shown.splitlines())) <= columns
