"""
A plugin that is broken takes no command on other kinds down; a rule that fails costs one object, named.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Kstore
from tests.scheme import fleet
from tools.cluster import Etcd

from kstore.cli.main import run
from kstore.records import Put
from kstore.source.etcd.live import LiveSource

Capture = pytest.CaptureFixture[str]

_MODULE = """
    from kstore.plugin import Plugin, Rules, Tables
    from tests.scheme import fleet

    extra = Rules("fleet.v1alpha1", hub="fleet.v1")
    RULE
    plugin = fleet.plugin(extra)
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Install the fleet as a package, with a rule of these lines."""
    folder = tmp_path / "site"
    dist = folder / "kstore_fleet-0.1.0.dist-info"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)

    def write(rule: str) -> None:
        dist.mkdir()
        (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: kstore-fleet\nVersion: 0.1.0\n")
        (dist / "entry_points.txt").write_text("[kstore.scheme]\nfleet = kstore_fleet:plugin\n")
        (folder / "kstore_fleet.py").write_text(textwrap.dedent(_MODULE).replace("RULE", textwrap.dedent(rule)))
        sys.modules.pop("kstore_fleet", None)

    yield write
    sys.modules.pop("kstore_fleet", None)


@pytest.fixture
def ships(etcd_server: Etcd) -> str:
    """An etcd with three ships and a config map."""
    objects: dict[str, Any] = {
        f"{fleet.GROUP}/ships/default/{name}": {
            "kind": "Ship", "apiVersion": f"{fleet.GROUP}/v1alpha1",
            "metadata": {"name": name, "namespace": "default"}, "spec": {"tons": tons, "captain": "Noah"},
        }
        for name, tons in (("ark", 1), ("big", 9), ("cog", 2))
    }  # fmt: skip
    objects["namespaces/default"] = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "default"}}
    with LiveSource([etcd_server.endpoint]) as source:
        for key, value in objects.items():
            source.commit([Put(f"/registry/{key}".encode(), json.dumps(value).encode(), 0)])
    return etcd_server.endpoint


PICKY = """
@extra.default("ShipSpec")
def picky(spec, scope):
    if spec.get("tons", 0) > 5:
        FAIL
"""


@pytest.mark.large
@pytest.mark.parametrize(
    "rule", ['extra.to_hub("ShipSpek")(print)', "1 / 0", 'extra.default("apps.v1.Deployment")(print)']
)
@pytest.mark.parametrize(
    "command", [["ls", "pods", "-A"], ["get", "pods/default/webserver", "-o", "name"], ["check", "--only", "space"]]
)
def test_broken(rule: str, command: list[str], install: Callable[[str], None], capsys: Capture) -> None:
    """What concerns other kinds is done as without the plugin; it is named once, and the exit code is 3."""
    assert run(["--store", "demo", *command]) == 0
    expected = capsys.readouterr().out
    install(rule)
    assert run(["--store", "demo", *command]) == 3
    printed = capsys.readouterr()
    assert printed.out == expected
    assert printed.err.count("kstore-fleet") == 2  # with what to do about it
    assert "plugin not loaded" in printed.err


@pytest.mark.parametrize(
    ("fail", "said"),
    [("raise KeyError('hull')", "raised KeyError('hull')"), ("spec['hull'] = 1", "does not have: hull")],
)
def test_a_rule_that_fails_on_one(
    fail: str, said: str, install: Callable[[str], None], kstore: Kstore, ships: str, tmp_path: Path
) -> None:
    """That object is skipped, with plugin, rule and key; lists, check and the other objects are done."""
    install(PICKY.replace("FAIL", fail))
    assert kstore("--store", ships, "ls", "ships", "-A", "-o", "name").code == 0
    checked = kstore("--store", ships, "check", "-o", "json")
    assert checked.code == 5
    found = {one["id"]: one for one in checked.json["findings"]}
    assert said in json.dumps(found["plugin-failed"])
    assert "ships/default/big" in json.dumps(found["plugin-failed"])
    migrated = kstore(
        "--store", ships, "migrate", "--to", f"{fleet.GROUP}/v1", "--yes", "--journal", str(tmp_path / "j")
    )
    assert migrated.code == 3
    text = migrated.text + migrated.err
    for part in ("ships/default/big", "plugin fleet", "fleet.v1alpha1.default('ShipSpec')", said):
        assert part in text
    listed = kstore("--store", ships, "ls", "ships", "-A", "-o", "json").json["items"]
    versions = {one["metadata"]["name"]: one["apiVersion"].rpartition("/")[2] for one in listed}
    assert versions == {"ark": "v1", "big": "v1alpha1", "cog": "v1"}


def test_kinds_of_a_broken_plugin(install: Callable[[str], None], kstore: Kstore, ships: str, tmp_path: Path) -> None:
    """They are as unknown as without it: nothing is converted by half of its rules."""
    install('extra.from_hub("Mastt")(print)')
    migrated = kstore("--store", ships, "migrate", "--to-release", "1.37", "--yes", "--journal", str(tmp_path / "j"))
    assert migrated.code == 3
    assert "Mastt" in migrated.err
    assert "did you mean 'Mast'" in migrated.err
    assert b'"captain"' in kstore("--store", ships, "get", "ships/default/ark", "-o", "raw").out
