"""
`kstore convert`: stored bytes into those of another version.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Kstore

OLD = {
    "apiVersion": "apps/v1beta1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "nginx"}]},
        }
    },
}


def stored(obj: dict[str, Any]) -> str:
    """An object as it may be in a store, in base64."""
    return base64.b64encode(json.dumps(obj).encode()).decode()


def test_a_line(kstore: Kstore) -> None:
    """The new version, defaulted: what a server of that release would store."""
    line = json.dumps({"value": stored(OLD), "to": "apps/v1", "media": "json"}).encode()
    answer = kstore("convert", "--batch", stdin=line).lines[0]
    assert (answer["apiVersion"], answer["kind"]) == ("apps/v1", "Deployment")
    obj = json.loads(base64.b64decode(answer["value"]))
    assert obj["spec"]["replicas"] == 1
    assert obj["spec"]["template"]["spec"]["restartPolicy"] == "Always"


def test_defaults_of_the_options(kstore: Kstore) -> None:
    """Without a version, the one that the release stores; without a media type, protobuf."""
    ran = kstore("convert", stdin=json.dumps(OLD).encode())
    assert ran.out.startswith(b"k8s\0\n\x15\n\x07apps/v1\x12\nDeployment")
    assert kstore("convert", "--to", "apps/v1", "--media", "protobuf", stdin=json.dumps(OLD).encode()).out == ran.out
    line = json.dumps({"value": stored(OLD)}).encode()
    answer = kstore("convert", "--batch", "--to", "apps/v1beta2", stdin=line).lines[0]
    assert answer["apiVersion"] == "apps/v1beta2"


def test_unknown_fields_are_refused(kstore: Kstore) -> None:
    """What the conversion would drop is named; --drop-unknown-fields drops it."""
    odd = OLD | {"spec": {**OLD["spec"], "surprise": 1}}  # type: ignore[dict-item]
    line = json.dumps({"value": stored(odd), "to": "apps/v1", "media": "json"}).encode()
    ran = kstore("convert", "--batch", stdin=line)
    assert ran.code == 3
    assert ran.lines[0]["error"]["code"] == "unknown-fields"
    assert ran.lines[0]["error"]["paths"] == ["spec.surprise"]
    dropped = kstore("convert", "--batch", "--drop-unknown-fields", stdin=line)
    assert dropped.code == 0
    assert "surprise" not in base64.b64decode(dropped.lines[0]["value"]).decode()


@pytest.mark.parametrize(
    ("to", "code"), [("v1", "not-convertible"), ("apps/v9", "not-convertible"), ("a/b/c", "usage"), (7, "usage")]
)
def test_versions_that_cannot_be_had(kstore: Kstore, to: Any, code: str) -> None:
    """Another kind's version, one that does not exist, and what is no version at all."""
    ran = kstore("convert", "--batch", stdin=json.dumps({"value": stored(OLD), "to": to}).encode())
    assert ran.code == 3
    assert ran.lines[0]["error"]["code"] == code


def test_one_value_that_cannot_be_converted(kstore: Kstore) -> None:
    """Nothing is written, the reason is told, the exit code is 3; an unknown release is a usage error."""
    ran = kstore("convert", "--to", "v1", stdin=json.dumps(OLD).encode())
    assert (ran.code, ran.out) == (3, b"")
    assert "apps/v1" in ran.err
    assert kstore("convert", "--release", "1.99", stdin=json.dumps(OLD).encode()).code == 2


@pytest.mark.golden
@pytest.mark.shared
@pytest.mark.parametrize("name", ["k8s-1.37-hub-11", "k8s-1.29-hub-11", "k8s-1.33-mixed-11"])
def test_golden_cases(kstore: Kstore, shared: Path, unpack: Callable[[Path], bytes], name: str) -> None:
    """Through the command line too, every answer is the real scheme's, byte for byte."""
    cases = [json.loads(line) for line in unpack(shared / "golden" / f"{name}.jsonl.zst").splitlines()]
    release = name.split("-")[1]
    questions, answers = [], []
    for case in cases:
        for media, found in (("protobuf", case.get("out")), ("json", case.get("outJSON"))):
            for version, answer in (found or {}).items():
                if version not in (case.get("clock") or ()):
                    questions.append({"value": case["in"], "to": version, "media": media})
                    answers.append(answer if media == "protobuf" else base64.b64encode(answer.encode()).decode())
    given = "".join(json.dumps(one) + "\n" for one in questions).encode()
    ran = kstore("convert", "--batch", "--release", release, stdin=given)
    assert len(ran.lines) == len(answers)
    wrong = [
        (question["to"], question["media"])
        for question, answer, line in zip(questions, answers, ran.lines, strict=True)
        if line.get("value") != answer
    ]
    assert wrong == []
