"""
k8s.io/api's own test data, read from Go's module cache: JSON, YAML and protobuf of each kind round-trip byte for byte.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from kstore.catalog.releases import Release, newest
from kstore.decode.json import go_json
from kstore.decode.json.raw_json import plain
from kstore.decode.yaml_input import read_document
from kstore.naming import gvk
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme
from kstore.view.yaml_text import to_yaml

pytestmark = pytest.mark.slow

FOLDERS = {"HEAD": newest().name, "v1.33.0": "1.33", "v1.34.0": "1.34", "v1.35.0": "1.35", "v1.36.0": "1.36"}


OLDER = range(17, 29)
STALE = (
    "autoscaling.v2.HorizontalPodAutoscaler",
    "batch.v2alpha1.",
    "core.v1.EphemeralContainers",
    "discovery.k8s.io.v1alpha1.",
    "settings.k8s.io.v1alpha1.",
)
"""Files of 1.21 to 1.23 that say something else than the types did: upstream left them behind."""


def module_of(minor: int) -> Path:
    """The test data of a release's k8s.io/api module; the test is skipped where the cache lacks it."""
    if shutil.which("go") is None:
        pytest.skip("no Go here to say where its module cache is")
    cache = subprocess.run(["go", "env", "GOMODCACHE"], capture_output=True, text=True, check=True).stdout.strip()
    found = sorted((Path(cache) / "k8s.io").glob(f"api@v0.{minor}.*/testdata"))
    if not found:
        pytest.skip(f"k8s.io/api of 1.{minor} is not in Go's module cache")
    return found[-1]


@pytest.fixture(scope="module")
def testdata() -> Path:
    """The test data of the newest release's k8s.io/api module."""
    return module_of(newest().minor)


@pytest.mark.parametrize("folder", FOLDERS)
def test_round_trip(folder: str, testdata: Path) -> None:
    """Protobuf gives the JSON and the YAML that are beside it, and each of the three gives the protobuf again."""
    if not (testdata / folder).is_dir():
        pytest.skip(f"this module has no test data of {folder}")
    codec = ObjectCodec(Scheme(Release(FOLDERS[folder]), sent=True))
    seen = 0
    for path in sorted((testdata / folder).glob("*.pb")):
        text = path.with_suffix(".json")
        if ".after_roundtrip." in path.name:
            continue
        parsed = json.loads(text.read_bytes())
        value = path.read_bytes()
        shown = codec.decode(value).object
        # raw JSON within an object keeps the file's indentation; Go compacted it when it wrote the protobuf
        compact = json.dumps(parsed, separators=(",", ":"), ensure_ascii=False).encode()
        assert json.dumps(json.loads(go_json.dumps(shown))) == json.dumps(parsed), path.name
        assert codec.encode(shown) == value, path.name
        assert codec.encode(codec.decode(compact).object) == value, path.name
        assert codec.encode(codec.decode(compact).object, "json") == compact + b"\n", path.name
        yaml = path.with_suffix(".yaml").read_text()
        assert to_yaml(shown) == yaml, path.name
        assert plain(read_document(yaml)) == parsed, path.name
        seen += 1
    assert seen > 170


@pytest.mark.parametrize("minor", OLDER)
def test_older_releases(minor: int) -> None:
    """The types of 1.17 to 1.28 are exact, too: what each release's module holds is shown and written as it stands."""
    codec = ObjectCodec(Scheme(Release(f"1.{minor}")))
    seen = 0
    for path in sorted((module_of(minor) / "HEAD").glob("*.pb")):
        if 21 <= minor <= 23 and path.name.startswith(STALE):
            continue
        parsed = json.loads(path.with_suffix(".json").read_bytes())
        if "kind" not in parsed or not codec.scheme.catalog.has_kind(gvk(parsed["apiVersion"], parsed["kind"])):
            continue
        shown = codec.decode(path.read_bytes()).object
        assert json.dumps(json.loads(go_json.dumps(shown))) == json.dumps(parsed), path.name
        assert codec.encode(shown) == path.read_bytes(), path.name
        seen += 1
    assert seen > 90
