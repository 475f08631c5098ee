"""
What `ls` and `get` print of a real cluster's snapshot is what its server answered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Kstore

pytestmark = [pytest.mark.shared, pytest.mark.slow]

TIMED = {"Age", "Last Seen", "First Seen", "Created At", "TimeAdded"}
"""Columns that depend on when the server was asked."""
AGE = re.compile(r"\d+[smhdy]|<unknown>|<invalid>|0s")


@pytest.fixture(scope="module")
def cluster(kstore: Kstore, shared: Path, unpack: Callable[[Path], bytes], tmp_path_factory: Any) -> Kstore:
    """Run a command line on the snapshot of the cluster."""
    path = tmp_path_factory.mktemp("cluster") / "cluster.db"
    path.write_bytes(unpack(shared / "snapshots" / "cluster-1.37.db.zst"))
    return lambda *arguments: kstore("--store", str(path), *arguments)


@pytest.fixture(scope="module")
def answers(shared: Path, unpack: Callable[[Path], bytes]) -> list[dict[str, Any]]:
    """What the server answered, for each resource and version that is in etcd."""
    lines = unpack(shared / "golden" / "kubectl-tables-1.37.jsonl.zst").splitlines()
    found = [json.loads(line) for line in lines]
    return [one for one in found if one["resource"]["name"] != "componentstatuses"]


def asked(answer: dict[str, Any]) -> tuple[str, str, str]:
    """The arguments by which an answer is had: the resource, and its version."""
    group, version, name = answer["group"], answer["version"], answer["resource"]["name"]
    return (f"{name}.{version}.{group}" if group else name, "--as", f"{group}/{version}" if group else version)


def identity(metadata: dict[str, Any]) -> tuple[str, str]:
    """Namespace and name."""
    return metadata.get("namespace") or "", metadata["name"]


def timeless(columns: list[dict[str, Any]], cells: list[Any]) -> list[Any]:
    """The cells but those that depend on the time; beyond the columns there may be an age."""
    names = [column["name"] for column in columns]
    shown = ["" if name in TIMED else cell for name, cell in zip(names, cells, strict=False)]
    return shown + ["" if AGE.match(str(cell)) else cell for cell in cells[len(names) :]]


def test_columns_and_cells(cluster: Kstore, answers: list[dict[str, Any]]) -> None:
    """For every resource and version: the columns with all they say, and every cell of every object."""
    wrong: list[Any] = []
    compared = 0
    for answer in answers:
        table = cluster("ls", *asked(answer), "-o", "table-json").json
        if table["columnDefinitions"] != answer["columns"]:
            wrong.append((asked(answer), "columns"))
        found = {identity(row["object"]["metadata"]): row["cells"] for row in table["rows"]}
        for row in answer["rows"]:
            mine = found.get((row["namespace"] or "", row["name"]))
            if mine is None:
                continue  # made after the snapshot
            compared += 1
            if timeless(answer["columns"], mine) != timeless(answer["columns"], row["cells"]):
                wrong.append((asked(answer), mine, row["cells"]))
    assert wrong == []
    assert compared > 500


def test_printed_tables(cluster: Kstore, answers: list[dict[str, Any]]) -> None:
    """`table` shows the columns of priority 0, `wide` all of them, with the server's cells as kubectl prints them."""
    for answer in answers[::4]:
        for output in ("table", "wide"):
            header = cluster("ls", *asked(answer), "-o", output).text.split("\n", 1)[0]
            names = re.split(r"\s{2,}", header.strip())
            expected = [one["name"].upper() for one in answer["columns"] if output == "wide" or not one["priority"]]
            assert [name for name in names if name != "NAMESPACE"] == expected, asked(answer)


@pytest.mark.parametrize(("output", "step"), [("json", 1), ("yaml", 12)])
def test_objects(cluster: Kstore, answers: list[dict[str, Any]], output: str, step: int) -> None:
    """Every object in every version is what the server served, but for the revision and what changed meanwhile."""
    from kstore.decode.yaml_input import read_document

    wrong: list[Any] = []
    compared = 0
    for answer in answers[::step]:  # to read YAML back takes long
        if answer["resource"]["name"] == "leases":
            continue  # renewed all the time
        ran = cluster("ls", *asked(answer), "-o", output, "--show-managed-fields", "--show-secrets")
        assert ran.code == 0
        items = (ran.json if output == "json" else read_document(ran.text))["items"]
        found = {identity(item["metadata"]): bare(item) for item in items}
        for item in answer["items"]:
            mine = found.get(identity(item["metadata"]))
            if mine is not None:
                compared += 1
                if mine != bare(item):
                    wrong.append((asked(answer), item["metadata"]["name"]))
    assert wrong == []
    assert compared > 500 // step // 2


def bare(item: dict[str, Any]) -> dict[str, Any]:
    """An object without what a list's items have not, and without its revision."""
    copy = {name: value for name, value in item.items() if name not in ("kind", "apiVersion")}
    copy["metadata"] = {name: value for name, value in item["metadata"].items() if name != "resourceVersion"}
    return copy
