"""
Unified diffs of objects in git's form: git itself takes them, and Secrets stay masked.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kstore.view.bar_table import Terminal
from kstore.view.mask import LAST_APPLIED, MASK
from kstore.view.unified_text import bytes_differ, masked_pair, unified_lines
from kstore.view.yaml_text import to_yaml

PLAIN = Terminal(width=80)
KEY = "registry/configmaps/shop/web"


def config(**data: str) -> dict[str, Any]:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": data}


def secret(**data: str) -> dict[str, Any]:
    """A Secret that was applied, so that its values stand there twice."""
    metadata = {"name": "web", "annotations": {LAST_APPLIED: str(data), "note": "seen"}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


STATES: list[tuple[dict[str, Any] | None, dict[str, Any] | None]] = [
    (config(a="1", b="2"), config(a="1", b="3")),
    (config(a="x\ny\n"), config(a="x\nz")),
    (config(a="one\u2028line\x85\x0c"), config(a="two")),
    (None, config(a="1")),
    (config(a="1"), None),
]


@pytest.mark.parametrize(("old", "new"), STATES)
@pytest.mark.skipif(not shutil.which("git"), reason="there is no git")
def test_git_takes_it(tmp_path: Path, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
    """Applied to the old object's YAML it gives the new one's: changed, made and removed."""
    file = tmp_path / KEY
    file.parent.mkdir(parents=True)
    if old is not None:
        file.write_text(to_yaml(old), newline="")
    text = "# what is not known is passed over\n" + "".join(unified_lines(KEY, old, KEY, new, PLAIN))
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=text, encoding="utf-8", check=True)
    found = file.read_bytes().decode() if file.exists() else None
    assert found == (new and to_yaml(new))


def test_the_same_gives_nothing() -> None:
    """Of what does not differ there is no header either; bytes that cannot be shown are said to differ."""
    assert list(unified_lines(KEY, config(a="1"), KEY, config(a="1"), PLAIN)) == []
    assert list(bytes_differ(KEY, KEY, "json → protobuf", PLAIN)) == [
        f"# {KEY}: json → protobuf\n",
        f"diff --git a/{KEY} b/{KEY}\n",
        f"Binary files a/{KEY} and b/{KEY} differ\n",
    ]


def test_secrets_are_masked_as_kubectl_does() -> None:
    """A value that differs says before and after, one that does not is the mask; neither is shown anywhere."""
    old, new = masked_pair(secret(same="AAAA", other="BBBB", gone="CCCC"), secret(same="AAAA", other="DDDD"), "")
    assert old
    assert new
    assert old["data"] == {"same": MASK, "other": f"{MASK} (before)", "gone": MASK}
    assert new["data"] == {"same": MASK, "other": f"{MASK} (after)"}
    assert old["metadata"]["annotations"] == {LAST_APPLIED: f"{MASK} (before)", "note": "seen"}
    text = "".join(unified_lines(KEY, old, KEY, new, PLAIN))
    assert not any(value in text for value in ("AAAA", "BBBB", "CCCC", "DDDD"))
    assert f"-  other: '{MASK} (before)'" in text


def test_one_side_alone_is_masked() -> None:
    """Made or removed, and of an object that lost its kind at a Secret's key."""
    assert masked_pair(None, secret(a="AAAA"), "")[1]["data"] == {"a": MASK}  # type: ignore[index]
    lost = {"data": {"a": "AAAA"}, "metadata": {"name": "web"}}
    assert masked_pair(lost, None, "/registry/secrets/shop/web")[0]["data"] == {"a": MASK}  # type: ignore[index]
    assert masked_pair(config(a="1"), None, "") == (config(a="1"), None)
