"""
What stands in deploy/: the CronJob is one that a server of the newest release stores, and its commands are kstore's.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest
import yaml

from kstore.catalog.releases import newest
from kstore.cli.main import cli
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_the_cron_job_is_one() -> None:
    """Every field of it has a place in the type: encoding refuses what has none."""
    job = yaml.safe_load((DEPLOY / "nightly-check.yaml").read_text())
    value = ObjectCodec(Scheme(newest())).encode(json.loads(json.dumps(job)))
    assert value.startswith(b"k8s\0")


@pytest.mark.parametrize("file", ["nightly-check.yaml", "Containerfile"])
def test_commands_are_there(file: str) -> None:
    """Each command that is called, with its options."""
    text = (DEPLOY / file).read_text()
    job = yaml.safe_load(text) if file.endswith(".yaml") else {}
    calls = re.findall(r"\bkstore (?:--store \S+ )?(analyze|check)((?: -\S+)*)", text)
    if job:
        (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        calls.append((container["args"][0], " ".join(container["args"][1:])))
    assert calls
    for name, options in calls:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        known = {one for parameter in command.params for one in parameter.opts}
        assert {word for word in options.split() if word.startswith("-")} <= known


def test_the_container_is_not_root() -> None:
    """Nor does it write anything but what is mounted."""
    text = (DEPLOY / "Containerfile").read_text()
    assert "USER 65532:65532" in text
    assert "PYTHONDONTWRITEBYTECODE=1" in text
