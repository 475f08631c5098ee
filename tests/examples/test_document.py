"""
docs/plugins.md: the plugin that it builds, built from its very text, does what it says.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def zoo(repository: Path, tmp_path: Path) -> Path:
    """The page's package: each block that begins with a file's name is that file."""
    text = (repository / "docs" / "plugins.md").read_text()
    for name, content in re.findall(r"^```\w+\n(?:#|//) (\S+\.\w+)\n(.*?)^```$", text, re.M | re.S):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    found = re.search(r"^zoo = .*$", (tmp_path / "pyproject.toml").read_text(), re.M)
    assert found is not None
    folder = tmp_path / "kstore_zoo-0.1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: kstore-zoo\nVersion: 0.1.0\n")
    (folder / "entry_points.txt").write_text(f"[kstore.scheme]\n{found[0].replace(chr(34), '')}\n")
    return tmp_path


def test_the_page_works(zoo: Path, repository: Path) -> None:
    """The command of the last section prints the line that the page shows."""
    text = (repository / "docs" / "plugins.md").read_text()
    asked = re.search(r"echo '(.*)' \\\n", text)
    shown = re.search(r"^```text\n(.*?)^```$", text, re.M | re.S)
    assert asked is not None
    assert shown is not None
    result = subprocess.run(
        [sys.executable, "-m", "kstore", "convert", "--to", "zoo.example.com/v1"],
        input=asked[1].encode(),
        capture_output=True,
        env={"PYTHONPATH": str(zoo), "PATH": "", "HOME": str(zoo)},
        cwd=zoo,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode() == shown[1]


def test_the_keepers(zoo: Path) -> None:
    """The second example converts as its words say, and `plugin check` finds what the page says it finds."""
    program = """
import json
from kstore.catalog.releases import newest
from kstore.object_codec import ObjectCodec
from kstore.naming import GroupVersion
from kstore.scheme.plugin_trial import try_plugin
from kstore.scheme.scheme import Scheme
from kstore_zoo.keepers import plugin
codec = ObjectCodec(Scheme(newest(), plugins=[plugin]))
for version, target, spec in (("v1alpha1", "v1", {"badge": "red 7"}), ("v1", "v1alpha1", {"badgeNumber": 7})):
    value = json.dumps({"kind": "Keeper", "apiVersion": f"zoo.example.com/{version}", "spec": spec}).encode()
    print(codec.convert(value, GroupVersion("zoo.example.com", target), media_type="json").decode(), end="")
for trial in try_plugin(plugin, newest()):
    print(trial.gvk.version, sorted({text.partition(":")[0].partition(" on ")[0] for text in trial.failures}))
"""
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(zoo), "PATH": "", "HOME": str(zoo)},
        cwd=zoo,
        check=False,
    )
    assert result.stderr == ""
    first, second, *found = result.stdout.splitlines()
    assert '"spec":{"badgeColour":"red","badgeNumber":7}' in first
    assert '"spec":{"badge":"green 7"}' in second
    assert found[1:] == ["v1 []"]
    for part in (
        "v1alpha1",
        "rule keepers.v1alpha1.to_hub('KeeperSpec')",
        "spec.badge is changed",
        "spec.badge is lost",
    ):
        assert part in found[0]
