"""
`kstore get --watch`: what is told of each change, and on a real etcd, as a process of its own.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.patience import SECONDS
from tools.cluster import Etcd

from kstore.catalog.releases import newest
from kstore.cli import following
from kstore.cli.listing import Reading
from kstore.inspect.changes import Changes
from kstore.records import Delete, Put
from kstore.scheme.scheme import Scheme
from kstore.selection import Criteria, Selection
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source
from kstore.store import Store
from kstore.testing import MemorySource

PREFIX = "/registry/configmaps/default"


@pytest.fixture(scope="module")
def server(etcd_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    """An etcd for all of these tests."""
    etcd = Etcd(etcd_binary, tmp_path_factory.mktemp("etcd"))
    yield etcd.start()
    etcd.stop()


@pytest.fixture
def store(server: Etcd) -> Iterator[WritableSource]:
    """The store of it, with one ConfigMap; empty again afterwards."""
    with open_source(server.endpoint) as source:
        assert isinstance(source, WritableSource)
        put(source, "a", "x", "1")
        yield source
        for key in list(source.keys(b"/registry/")):
            record = source.get(key)
            assert record is not None
            source.commit([Delete(key, expected_mod_revision=record.mod_revision)])


def put(source: WritableSource, name: str, label: str, value: str) -> None:
    """Store a ConfigMap."""
    key = f"{PREFIX}/{name}".encode()
    obj = {
        "kind": "ConfigMap", "apiVersion": "v1", "data": {"k": value},
        "metadata": {"name": name, "namespace": "default", "labels": {"app": label}},
    }  # fmt: skip
    record = source.get(key)
    source.commit([Put(key, json.dumps(obj).encode(), expected_mod_revision=record.mod_revision if record else 0)])


def change(source: WritableSource) -> None:
    """Four changes: of an object that is there, a new one that ceases to have the label, a deletion."""
    put(source, "a", "x", "2")
    put(source, "b", "x", "3")
    put(source, "b", "y", "4")
    record = source.get(f"{PREFIX}/a".encode())
    assert record is not None
    source.commit([Delete(record.key, expected_mod_revision=record.mod_revision)])


def followed(server: Etcd, source: WritableSource, *arguments: str, before: int, after: int) -> list[str]:
    """The lines of a command: so many, then changes are made, and so many more; it is interrupted then."""
    command = [sys.executable, "-m", "kstore", "--store", server.endpoint, "get", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(before)]
        change(source)
        lines += [process.stdout.readline() for _ in range(after)]
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 130, err
    return [line.rstrip("\n") for line in [*lines, *rest.splitlines()]]


def test_what_is_told_of_each_change() -> None:
    """What begins to meet the conditions is added, what ceases to deleted: as it was, at the revision of the change."""
    source = MemorySource()
    key = f"{PREFIX}/a".encode()
    for label in "yxxy":
        put(source, "a", label, f"{source.revision + 1}")
    put(source, "a", "x", "6")
    source.delete(key)
    store = Store(source, Scheme(newest()))
    selection = Selection.named(store, Criteria(("cm/a",)))
    selection.filter = Selection.listed(store, Criteria(("cm",), selector="app=x")).filter
    events = list(following._events(Reading(store), selection, Changes(store).steps(source.history(key))))
    assert [(one.word, one.read.record.mod_revision, one.read.object["data"]["k"]) for one in events] == [
        ("ADDED", 3, "3"), ("MODIFIED", 4, "4"), ("DELETED", 5, "4"), ("ADDED", 6, "6"), ("DELETED", 7, "6"),
    ]  # fmt: skip


@pytest.mark.large
@pytest.mark.etcd
def test_a_table(server: Etcd, store: WritableSource) -> None:
    """The rows that are there, and a row a change, aligned with them; the header once."""
    lines = followed(server, store, "cm", "-w", before=2, after=4)
    assert [line.split()[0] for line in lines] == ["NAME", "a", "a", "b", "b", "a"]
    assert len({line.index(line.split()[1]) for line in lines}) == 1


@pytest.mark.large
@pytest.mark.etcd
def test_events_of_what_is_selected(server: Etcd, store: WritableSource) -> None:
    """What ceases to meet the conditions is told as deleted, as the apiserver tells it."""
    lines = followed(server, store, "cm", "-w", "-l", "app=x", "--output-watch-events", before=2, after=4)
    assert [line.split()[:2] for line in lines] == [
        ["EVENT", "NAME"], ["ADDED", "a"], ["MODIFIED", "a"], ["ADDED", "b"], ["DELETED", "b"], ["DELETED", "a"],
    ]  # fmt: skip


@pytest.mark.etcd
def test_one_object(server: Etcd, store: WritableSource) -> None:
    """A name follows that object alone; a template is carried out for each."""
    template = '{{.metadata.name}}={{.data.k}}{{"\\n"}}'
    lines = followed(server, store, "cm/a", "-w", "-o", f"go-template={template}", before=1, after=2)
    assert lines == ["a=1", "a=2", "a=2"]


@pytest.mark.large
@pytest.mark.etcd
def test_documents(server: Etcd, store: WritableSource) -> None:
    """Documents one behind the other; what was deleted has the revision of its deletion."""
    documents = followed(server, store, "cm", "-w", "-o", "jsonl", "--output-watch-events", before=1, after=4)
    found: list[dict[str, Any]] = [json.loads(line) for line in documents]
    assert [one["type"] for one in found] == ["ADDED", "MODIFIED", "ADDED", "MODIFIED", "DELETED"]
    revisions = [int(one["object"]["metadata"]["resourceVersion"]) for one in found]
    assert revisions == sorted(set(revisions))
    assert [one["object"]["data"]["k"] for one in found] == ["1", "2", "3", "4", "2"]


@pytest.mark.etcd
def test_only_changes(server: Etcd, store: WritableSource) -> None:
    """With --watch-only what is there already is not shown."""
    put(store, "c", "x", "9")
    options = ("--store", server.endpoint, "get", "cm", "--watch-only", "-o", "jsonl")
    command = [sys.executable, "-m", "kstore", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        number, line = 0, ""
        while not line:
            # until the watch is there nothing is told of a change: each is made anew until one is
            number += 1
            put(store, "d", "x", str(number))
            if select.select([process.stdout], [], [], 0.2)[0]:
                line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS)
    assert json.loads(line)["metadata"]["name"] == "d"
