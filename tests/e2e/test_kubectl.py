"""
A real kubectl 1.37.2 as the judge of its flags, of KYAML and of Go templates.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.view.test_go_template import OBJECT, PRINTED

from kstore.cli.kubectl import FLAGS
from kstore.view.kyaml_text import to_kyaml


@pytest.fixture(scope="module")
def kubectl(server: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Run kubectl, which needs no server for what is asked here."""
    binary, home = server("kubectl"), tmp_path_factory.mktemp("home")

    def call(*arguments: str) -> str:
        command = [str(binary), *arguments]
        environment = {"HOME": str(home)}
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout

    return call


@pytest.mark.parametrize("command", FLAGS)
def test_flags(kubectl: Callable[..., str], command: str) -> None:
    """The table has each flag that kubectl lists for the command, and no other."""
    listed = kubectl(command, "--help").partition("\nOptions:\n")[2]
    found = re.findall(r"^    ((?:-\w, )?--[\w-]+)=", listed, re.MULTILINE)
    assert found == sorted(found, key=lambda one: one.rpartition("--")[2])
    assert set(found) == set(FLAGS[command])


def printed(kubectl: Callable[..., str], folder: Path, obj: dict[str, Any], output: str) -> str:
    """What kubectl prints of an object; `label --local` asks no server."""
    file = folder / "object.json"
    file.write_text(json.dumps(obj))
    return kubectl("label", "--local", "-f", str(file), "a=b", "--overwrite", "-o", output)


@pytest.mark.parametrize("template", PRINTED)
def test_templates(kubectl: Callable[..., str], tmp_path: Path, template: str) -> None:
    """What the plain tests expect of a template is what kubectl prints."""
    obj = {"apiVersion": "v1", **OBJECT}
    assert printed(kubectl, tmp_path, obj, f"go-template={template}") == PRINTED[template]


CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x85")
"""U+0085 is the end of a line to kubectl, wherever it reads its own JSON as YAML once more."""
KEYS = st.text(CHARACTERS, max_size=6) | st.sampled_from(
    ["no", "1e3", "0x1f", "2020-1-2", "1_000", "12:30", "a-b", "-a", ".5", "nan", "a.b", "_", "T", "017", "0b1", "+5"]
)
SCALARS = (
    st.text(CHARACTERS, max_size=12)
    | st.sampled_from(["a\nb\n", " x\n\ty\n", "<&>", "é"])
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(-1e300, 1e300)
    | st.booleans()
    | st.none()
)
VALUES = st.recursive(
    SCALARS, lambda one: st.lists(one, max_size=4) | st.dictionaries(KEYS, one, max_size=5), max_leaves=14
)


def test_kyaml(kubectl: Callable[..., str], tmp_path: Path) -> None:
    """Objects of every shape, byte for byte."""

    @settings(max_examples=60, deadline=None)
    @given(st.lists(VALUES, min_size=5, max_size=5))
    def holds(values: list[Any]) -> None:
        metadata = {"name": "x", "labels": {"a": "b"}}
        obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "values": values}
        try:
            expected = printed(kubectl, tmp_path, obj, "kyaml")
        except subprocess.CalledProcessError as error:
            assume("kyaml internal error" not in error.stderr and "control characters" not in error.stderr)
            raise
        assert to_kyaml(obj) == expected

    holds()
