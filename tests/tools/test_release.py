"""
A release stops where the tag, the version, the changelog, the files or their checksums do not agree.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tools.release import artefacts, audit, krew, smoke, statement, version
from tools.release.fresh import EXTRAS, interpreters
from tools.release.lock import LOCKS

ROOT = Path(__file__).parents[2]


SOUND = {"name": "a", "version": "1", "vulns": []}
VULNERABLE = {"name": "c", "version": "1", "vulns": [{"id": "CVE-1"}]}
UNKNOWN = {"name": "b", "skip_reason": "not found"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with a version and a changelog, committed."""
    root = tmp_path / "tree"
    (root / "src" / "kstore").mkdir(parents=True)
    (root / "src" / "kstore" / "__init__.py").write_text('"""kstore."""\n__version__ = "0.1.0"\n')
    (root / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- New.\n\n## 0.1.0 (2026-01-01)\n\n- First.\n")
    git(root, "init", "--quiet")
    commit(root)
    return root


def git(root: Path, *arguments: str) -> None:
    """git, with a committer of its own and no configuration of this machine."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"]
    subprocess.run(["git", "-C", root, *who, *arguments], check=True, env=environment, stdout=subprocess.DEVNULL)


def commit(root: Path) -> None:
    """Everything."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "a commit")


def test_without_a_tag_it_is_a_rehearsal(tree: Path) -> None:
    """And says so."""
    assert version.agreed(tree) == "kstore 0.1.0: no tag on this commit, so this is a rehearsal"


def test_the_tag_and_the_version(tree: Path) -> None:
    """A tag of another version stops it, and one before the changelog was closed."""
    git(tree, "tag", "v0.2.0")
    with pytest.raises(version.ReleaseFault, match=r"tag v0\.2\.0, and the tree the version 0\.1\.0"):
        version.agreed(tree)
    git(tree, "tag", "--delete", "v0.2.0")
    git(tree, "tag", "v0.1.0")
    with pytest.raises(version.ReleaseFault, match="Unreleased"):
        version.agreed(tree)


def test_a_release_is_prepared(tree: Path) -> None:
    """Version and heading are written; then the tag agrees, until the tree is changed."""
    version.prepare(tree, "0.2.0rc1")
    assert list(version.sections((tree / "CHANGELOG.md").read_text()).values()) == ["- New.", "- First."]
    commit(tree)
    git(tree, "tag", "v0.2.0rc1")
    assert version.agreed(tree) == "kstore 0.2.0rc1: tag, version and changelog agree"
    (tree / "new").touch()
    with pytest.raises(version.ReleaseFault, match="differs from the tag"):
        version.agreed(tree)


def test_nothing_to_release(tree: Path) -> None:
    """An open section is needed, and a version of three numbers."""
    with pytest.raises(version.ReleaseFault, match="is no version"):
        version.prepare(tree, "2")
    version.prepare(tree, "0.2.0")
    with pytest.raises(version.ReleaseFault, match="has nothing under"):
        version.prepare(tree, "0.3.0")


def test_this_tree_has_a_version_and_something_to_say() -> None:
    """As the rehearsal asks."""
    assert version.NUMBERS.fullmatch(version.version_of(ROOT))
    assert next(iter(version.sections((ROOT / "CHANGELOG.md").read_text()).values()))


def test_checksums(tmp_path: Path) -> None:
    """A file that was changed, came or went is named."""
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    artefacts.write_checksums(tmp_path)
    artefacts.hold_checksums(tmp_path)
    (tmp_path / "one").write_text("other")
    (tmp_path / "two").unlink()
    (tmp_path / "three").touch()
    with pytest.raises(version.ReleaseFault, match="one, three, two"):
        artefacts.hold_checksums(tmp_path)


def test_provenance(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the digest of every file, the commit, and nothing of this machine."""
    monkeypatch.setattr(statement, "version_of_package", lambda _: "1.0")
    files = tmp_path / "files"
    files.mkdir()
    (files / "kstore.whl").write_bytes(b"wheel")
    found = json.loads(statement.write(tree, files).read_text())
    assert found["subject"] == [{"name": "kstore.whl", "digest": {"sha256": artefacts.sha256(files / "kstore.whl")}}]
    (source,) = found["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert len(source["digest"]["gitCommit"]) == 40
    assert source["annotations"] == {"modified": False}
    assert str(tmp_path) not in json.dumps(found)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ([SOUND], 0),
        ([VULNERABLE, UNKNOWN], 1),
        ([SOUND, UNKNOWN], 3),
        ([], 3),
        (None, 3),
    ],
)  # fmt: skip
def test_what_was_not_asked_has_not_passed(answer: object, code: int) -> None:
    """pip-audit ends with 0 for packages that its service does not know, too."""
    assert audit.told("" if answer is None else json.dumps({"dependencies": answer})) == code


def test_locks_have_what_the_project_asks_for() -> None:
    """Every package of the core and of the extras is pinned, and each line has a hash."""
    project = (ROOT / "pyproject.toml").read_text()
    core = set(re.findall(r'^  "([\w-]+)', project.partition("\ndependencies = [")[2].partition("\n]")[0], re.M))
    extras = project.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    named = {name.lower().replace("_", "-") for name in re.findall(r'"([\w-]+)[>=<]', extras)}
    pinned = {lock: set(re.findall(r"^([\w-]+)==", (ROOT / "requirements" / lock).read_text(), re.M)) for lock in LOCKS}
    assert {one.lower() for one in core} <= pinned["container.txt"] <= pinned["everything.txt"]
    assert named <= pinned["everything.txt"]
    for lock in LOCKS:
        text = (ROOT / "requirements" / lock).read_text()
        assert all("--hash=sha256:" in entry for entry in re.split(r"^(?=[\w-]+==)", text, flags=re.M)[1:])


def test_the_container_installs_what_is_pinned() -> None:
    """With its hashes, and the extras that the lock was made for."""
    text = (ROOT / "deploy" / "Containerfile").read_text()
    assert "--require-hashes -r requirements/container.txt" in text
    assert f"[{EXTRAS}]" not in text, "the lock has them"


@pytest.mark.slow
def test_the_smoke_tests_hold_here(tmp_path: Path) -> None:
    """Every step that installs nothing, with the kstore of these tests."""
    programs = Path(sys.executable).parent
    for step in smoke.STEPS:
        smoke.take(step, programs, tmp_path, {})


def test_the_manifest_for_krew(tmp_path: Path) -> None:
    """Each platform has its archive and digest; krew wants a v before the version."""
    path = tmp_path / "kstore-linux-arm64.tar.gz"
    path.write_bytes(b"archive")
    found = krew.manifest({"linux/arm64": path}, "0.2.0", "https://example.com/v0.2.0")
    assert found["spec"]["version"] == "v0.2.0"
    assert found["spec"]["platforms"] == [
        {
            "selector": {"matchLabels": {"os": "linux", "arch": "arm64"}},
            "uri": "https://example.com/v0.2.0/kstore-linux-arm64.tar.gz",
            "sha256": artefacts.sha256(path),
            "bin": "kubectl-kstore",
        }
    ]


def test_an_interpreter_is_what_it_says() -> None:
    """Those that are found can make environments."""
    assert all(path.exists() for _, path in interpreters())
