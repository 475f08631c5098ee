"""
Queries over stores: what they say, what they read, what they are refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("duckdb")

from tests.source.sqlite.test_source import write as write_state
from tests.sql.conftest import Ask, asked_of, pod

import kstore
from kstore.codec import Undecodable
from kstore.errors import Compacted, KstoreError, UsageError
from kstore.sql import database as module
from kstore.sql.asked_store import AskedStore
from kstore.sql.database import Database
from kstore.sql.keys import EVERYTHING
from kstore.sql.query import Uses, uses_of
from kstore.testing import MemorySource

SAME = [
    "select stored_version, count(*) from objects group by 1 order by 1",
    "select name, spec.nodeName, spec->'containers'->0->>'image', status.phase from pods where namespace = 'default'",
    "select name, spec.containers[0].name, json_array_length(spec, '$.containers') from pods order by all",
    "select count(*) from objects where resource = 'pods' or (resource = 'services' and namespace = 'default')",
    "select * exclude (object) from deployments where name in ('cart', 'frontend') order by key",
    "select key, labels['app'], managers, last_manager, changed_at from objects where labels['app'] > '' order by 1",
    "select p.name, s.name from pods p join services s using (namespace) where p.namespace = 'default' order by all",
    "select name from objects where resource = 'nodes' and namespace = '' order by 1",
    "select count(*) from objects where namespace = 'shop' and resource in ('pods', 'nodes', 'crontabs')",
    "select key from objects where \"group\" = '' and name = 'default' order by 1",
    "select metadata->>'name', objects.object->>'$.kind' from objects join pods using (key) order by 1",
    "select change, count(*) from history where resource = 'configmaps' group by 1 order by 1",
    "with p as (select namespace n, spec from pods) select n, count(spec.nodeName) from p group by 1 order by 1",
    "select resource, sum(size) from objects where resource in ('pods', 'nope') group by 1",
    "select count(*) from objects where resource = ''",
]


@pytest.mark.large
@pytest.mark.parametrize("query", SAME)
def test_what_is_not_read_changes_nothing(query: str, demo_store: AskedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is that of the same query with every table read whole."""

    def whole(tree: dict[str, Any]) -> Uses:
        found = uses_of(tree)
        return Uses(
            found.tables, everything=True, keys=dict.fromkeys(found.tables, EVERYTHING), own_names=found.own_names
        )

    narrow = list(Database([demo_store]).answer(query).rows)
    monkeypatch.setattr(module, "uses_of", whole)
    assert narrow == list(Database([demo_store]).answer(query).rows)
    assert narrow


class Counting(MemorySource):
    """Remembers what was asked of it."""

    asked: list[bytes]

    def scan(self, prefix: bytes = b"", **more: Any) -> Any:
        """The records, and the prefix noted."""
        self.asked.append(prefix)
        return super().scan(prefix, **more)


@pytest.fixture
def counting() -> Counting:
    """Pods in two namespaces, and a Node."""
    source = Counting()
    source.asked = []
    for namespace in ("shop", "default"):
        for name in ("a", "b"):
            source.put(f"/registry/pods/{namespace}/{name}", pod(name, "node-1", namespace))
    source.put("/registry/minions/node-1", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}})
    return source


@pytest.mark.parametrize(
    ("query", "prefixes"),
    [
        ("select spec.nodeName from pods", {b"/registry/pods/"}),
        ("select name from pods where namespace = 'shop'", {b"/registry/pods/shop/"}),
        ("select key from objects where resource = 'nodes'", {b"/registry/minions/"}),
        ("select key from objects where resource in ('nodes', 'pods') and namespace = 'default'",
         {b"/registry/pods/default/"}),
    ],
)  # fmt: skip
def test_conditions_become_key_ranges(query: str, prefixes: set[bytes], counting: Counting) -> None:
    """Only the keys that may meet the conditions are read."""
    database = Database([asked_of(counting)])
    database.answer(query)  # resources are known from here on
    counting.asked.clear()
    assert list(database.answer(query).rows)
    assert set(counting.asked) == prefixes


def test_a_name_reads_one_key(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    """With namespace and name no range is read at all."""
    database = Database([asked_of(counting)])
    asked: list[bytes] = []
    get = counting.get
    monkeypatch.setattr(counting, "get", lambda key, **more: asked.append(key) or get(key, **more))
    rows = list(database.answer("select name from pods where namespace = 'shop' and name = 'b'").rows)
    assert rows == [("b",)]
    assert asked == [b"/registry/pods/shop/b"]


def test_only_what_is_named_is_decoded(demo_store: AskedStore) -> None:
    """`.explain` says the paths, the columns and the keys."""
    query = "select p.spec.nodeName, status->>'phase' from pods p where p.namespace = 'shop'"
    lines = list(Database([demo_store]).explain(query))
    assert lines[:4] == [
        "table pods",
        "  columns: namespace, spec, status",
        "  decoded: spec.nodeName, status.phase",
        "  keys:    namespace in ('shop')",
    ]


def test_a_name_in_both_cases(demo_store: AskedStore) -> None:
    """SQL does not tell cases apart: `roleRef` is narrowed like others, however it is written."""
    for written in ("roleRef", "ROLEREF"):
        lines = list(Database([demo_store]).explain(f"select {written}->>'name' from clusterrolebindings"))
        assert lines[1:3] == ["  columns: roleRef", "  decoded: roleRef.name"]


def test_several_stores(counting: Counting) -> None:
    """All are asked; the column `store` tells them apart, and a resource that one does not know is missing there."""
    other = MemorySource()
    other.put("/registry/pods/x/y", pod("y", "node-2", "x"))
    one, two = asked_of(counting, address="one"), asked_of(other, address="two")
    rows = list(Database([one, two]).answer("select store, count(*) from pods group by 1 order by 1").rows)
    assert rows == [("one", 4), ("two", 1)]


def test_custom_resources_and_orphans(ask: Ask) -> None:
    """A CRD's resource is a table under its plural, and with its group in quotes."""
    assert ask("select count(*) from crontabs") == ask('select count(*) from "crontabs.stable.example.com"')
    assert ask("select count(spec) from crontabs")[0][0] > 0


def test_a_resource_that_only_keys_tell_of() -> None:
    """What is at `/GROUP/PLURAL/` without a CRD is a table, too."""
    source = MemorySource()
    source.put("/registry/pods/shop/a", pod("a", "n"))
    source.put("/registry/example.com/widgets/shop/w", {"apiVersion": "example.com/v1", "kind": "Widget",
                                                        "metadata": {"name": "w"}, "spec": {"size": 3}})  # fmt: skip
    database = Database([asked_of(source)])
    assert list(database.answer("select name, spec.size from widgets").rows) == [("w", "3")]
    assert list(database.answer("select resource from objects where resource = 'widgets'").rows) == [("widgets",)]


def test_top_members_are_columns(ask: Ask) -> None:
    """A type without spec has its own members: `data`, `rules`, `subjects`."""
    assert ask("select data from configmaps where data is not null limit 1")
    assert ask("select json_array_length(rules) from clusterroles limit 1")


def test_history_has_tombstones() -> None:
    """Each revision has a row; that of a deletion says so, and holds no object."""
    source = MemorySource()
    source.put("/registry/pods/shop/a", pod("a", "n1"))
    source.put("/registry/pods/shop/a", pod("a", "n2"))
    source.delete("/registry/pods/shop/a")
    source.put("/registry/pods/shop/b", pod("b", "n1"))
    rows = Database([asked_of(source)]).answer(
        "select change, object->>'$.spec.nodeName' from history where name = 'a' order by mod_revision"
    )
    assert list(rows.rows) == [("created", "n1"), ("changed", "n2"), ("deleted", None)]


def test_what_cannot_be_read_is_a_row() -> None:
    """A damaged value has its reason, and is told of."""
    source = MemorySource()
    source.put("/registry/pods/shop/a", pod("a", "n"))
    source.put("/registry/pods/shop/broken", b"k8s\0\xff\xff")
    met: list[Undecodable] = []
    database = Database([asked_of(source, unreadable=met.append)])
    rows = list(database.answer("select name, spec, error is not null from pods order by 1").rows)
    assert [(name, bad) for name, _, bad in rows] == [("a", False), ("broken", True)]
    assert rows[1][1] is None
    assert [one.record.key for one in met] == [b"/registry/pods/shop/broken"]


def test_secrets_are_masked_in_every_column(demo_store: AskedStore) -> None:
    """No way through an object shows a value unless it is asked for."""
    query = "select object, data, data.\"api-key\", json_extract(object, '$.data'), annotations, metadata from secrets"
    values = [
        value
        for record in demo_store.store.objects(demo_store.store.resources("secrets")[0])
        for value in record.object.get("data", {}).values()  # type: ignore[union-attr]
    ]
    assert values
    text = str(list(Database([demo_store]).answer(query).rows))
    assert not any(value in text for value in values)
    assert "*****" in text
    open_ = AskedStore(demo_store.store, "demo", secrets=True)
    text = str(list(Database([open_]).answer(query).rows))
    assert all(value in text for value in values)


@pytest.mark.parametrize(
    "query",
    [
        "copy objects to 'never.csv'",
        "create table t as from objects",
        "attach 'never.db'",
        "install httpfs",
        "load httpfs",
        "set threads = 2",
        "pragma version",
        "insert into objects values (1)",
        "call pragma_version()",
        "select 1; drop view objects",
        "export database 'never'",
    ],
)
def test_stores_are_only_read(query: str, demo_store: AskedStore) -> None:
    """Whatever is no query is refused before it runs."""
    with pytest.raises(UsageError):
        Database([demo_store]).statements(query)
    with pytest.raises(UsageError):
        Database([demo_store]).answer(query)


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('{file}')",
        "select * from read_text('{file}')",
        "select * from read_json('{file}')",
        "select * from read_parquet('{file}')",
        "select * from glob('{file}')",
        "select * from '{file}'",
        "select * from secret_table",
        "select * from read_blob('https://localhost:1/x')",
    ],
)
def test_a_query_reaches_nothing_else(query: str, demo_store: AskedStore, tmp_path: Path) -> None:
    """No file of the host, no address, no variable of the program: all of it is a mistake of who asks."""
    secret_table = {"a": [1]}
    assert secret_table
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError):
        list(Database([demo_store]).answer(query.format(file=tmp_path / "x.csv")).rows)


@pytest.mark.parametrize(
    ("query", "said", "hint"),
    [
        ("select nodeNam from pods", "there is no column 'nodeNam'", "pods has store,"),
        ("select namespac from pods", "there is no column 'namespac'", "did you mean 'namespace'?"),
        ("select p.nope from pods p", "there is no column 'nope'", "spec"),
        ("select * from podz", "there is no table 'podz'", "pods"),
        ("select * from deployments.apps", "there is no schema 'deployments'", '"deployments.apps"'),
        ("select group from pods", "syntax error", '"group"'),
        ("selec 1", "syntax error", ""),
        ("select cast(name as int) from pods", "Could not convert", ""),
        ("select sum(name) from pods", "sum(VARCHAR)", ""),
        ("select 1; select 2", "one query was expected", ""),
    ],
)
def test_errors_are_for_people(query: str, said: str, hint: str, demo_store: AskedStore) -> None:
    """An error names what is not there, and what is; never a traceback of DuckDB."""
    with pytest.raises(KstoreError) as error:
        list(Database([demo_store]).answer(query).rows)
    assert said in str(error.value)
    assert hint in error.value.hint
    assert "\n" not in str(error.value)


def test_an_error_of_the_store_stays_what_it_is() -> None:
    """A store that fails while DuckDB reads from it ends the query with its own error."""
    source = MemorySource()
    source.put("/registry/pods/shop/a", pod("a", "n"))
    asked = asked_of(source)
    source.put("/registry/pods/shop/b", pod("b", "n"))
    source.put("/registry/pods/shop/c", pod("c", "n"))
    source.compact(3)
    with pytest.raises(Compacted):
        list(Database([asked]).answer("select name from pods").rows)


@pytest.mark.large
def test_findings_leases_and_resources(ask: Ask, demo_store: AskedStore) -> None:
    """The tables beside objects say what the commands say."""
    from kstore.inspect.checks import run_checks
    from kstore.inspect.survey import Survey

    found = run_checks(Survey(demo_store.store, demo_store.store.codec.scheme.release))
    assert ask("select id, severity, subject, count from findings") == [
        (one.rule.id, one.rule.severity, one.subject, one.count) for one in found
    ]
    assert ask("select count(*) from (select unnest(keys) from findings)") == [(sum(len(one.keys) for one in found),)]
    assert dict(ask("select lease, ttl from leases")) == demo_store.store.source.leases()
    assert ask("select prefix, kind from resources where resource = 'pods'") == [("/registry/pods/", "Pod")]


def test_json_is_json(ask: Ask) -> None:
    """Columns of JSON hold documents that parse."""
    rows = ask("select object, metadata, owner_references from pods")
    assert all(json.loads(whole)["metadata"] == json.loads(metadata) for whole, metadata, _ in rows)


def test_a_store_of_k3s(tmp_path: Path) -> None:
    """SQLite's connections serve the thread that made them: DuckDB reads on no other."""
    write_state(tmp_path / "state.db")
    with kstore.open(tmp_path / "state.db") as store:
        assert store.sql("select name, mod_revision, error is not null from objects order by 1").fetchall() == [
            ("a", 4, True),
            ("b", 8, True),
            ("c", 7, True),
        ]
        assert store.sql("select change, count(*) from history group by 1 order by 1").fetchall() == [
            ("changed", 1),
            ("created", 4),
            ("deleted", 1),
        ]
        assert sum(batch.num_rows for batch in store.to_arrow("configmaps", ["name"])) == 2
