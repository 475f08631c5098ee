"""
`--as-served` shows what a real server's GET answers, of objects of any age and kind.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.aged_objects import all_aged
from tests.e2e.test_aged import store
from tools.cluster import ApiError, Client, Etcd

from kstore.cli.main import run
from kstore.demo import database


def answers(client: Client, obj: dict[str, Any]) -> Any:
    """What the server answers for an object, in the version that it is shown in."""
    try:
        return client.get(obj)
    except ApiError as error:
        return str(error)


@pytest.mark.parametrize("release", ["1.37", "1.33", "1.29"])
def test_objects_are_shown_as_a_server_answers_them(
    release: str,
    restore: Callable[[Path], Path],
    start_etcd: Callable[[Path], Etcd],
    kube_apiserver: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """The demo store and aged objects: each is equal to the GET in the same version, member for member."""
    snapshot = tmp_path / "demo.db"
    snapshot.write_bytes(database())
    etcd = start_etcd(restore(snapshot))
    store(etcd, all_aged())
    client = kube_apiserver(etcd, release=release, runtime_config="api/all=true").client()
    arguments = ["ls", "/", "--as-served", "-o", "jsonl", "--show-managed-fields", "--release", release]
    assert run(["--store", etcd.endpoint, *arguments]) in (0, 3)
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(shown) > len(all_aged())
    different = [(one, answer) for one in shown if (answer := answers(client, one)) != one]
    assert different == []
