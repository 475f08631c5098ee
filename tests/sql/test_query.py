"""
What a query reads, told from its tree.
"""

from __future__ import annotations

import json

import pytest

duckdb = pytest.importorskip("duckdb")

from kstore.sql.query import Uses, json_path, uses_of  # noqa: E402


def uses(query: str) -> Uses:
    """What a query reads."""
    with duckdb.connect(":memory:") as connection:
        text = connection.execute("select json_serialize_sql(?)", [query]).fetchone()[0]
    return uses_of(json.loads(text)["statements"][0])


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("select stored_version, count(*) from objects group by 1", {"stored_version"}),
        ("select o.Name from objects o order by o.size", {"name", "size", "o"}),
        ("with x as (select kind k from objects) select k from x where k like 'P%'", {"kind", "k"}),
        ("select p.name from pods p join objects o using (key)", {"name", "key", "p"}),
        ("select name from pods where exists (select uid from objects where error is not null)",
         {"name", "uid", "error"}),
    ],
)  # fmt: skip
def test_columns(query: str, columns: set[str]) -> None:
    """Only the names in the query; whatever may be one is among them."""
    found = uses(query)
    assert not found.everything
    assert set(found.columns) == columns


@pytest.mark.parametrize(
    "query",
    [
        "select * from pods",
        "from pods",
        "select p from pods p",
        "select pods from pods",
        "select p.* exclude (object) from pods p",
        "select columns('s.*') from pods",
        "select #1 from pods",
        "select name from pods natural join objects",
        "describe pods",
        "summarize objects",
        "select main.pods.name from pods",
    ],
)
def test_everything(query: str) -> None:
    """Stars, whole rows, columns by number and joins by whatever is equal may read every column."""
    assert uses(query).everything


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ("spec.nodeName", ("nodeName",)),
        ("p.spec.nodeName", ("nodeName",)),
        ("spec->'nodeName'", ("nodeName",)),
        ("p.spec->>'nodeName'", ("nodeName",)),
        ("spec->>'$.nodeName'", ("nodeName",)),
        ("spec->'containers'->0->>'image'", ("containers", "image")),
        ("spec.containers[1].image", ("containers", "image")),
        ("spec['a']['b.c']", ("a", "b.c")),
        ("json_extract_string(spec, '$.containers[*].image')", ("containers", "image")),
        ("json_array_length(spec, '$.a.\"b.c\"[#-1].d')", ("a", "b.c", "d")),
        ("spec->>'/a/0/b~1c'", ("a", "b/c")),
        ("spec->>'/a~01/b~0c'", ("a~1", "b~c")),
        ("json_array_length(spec->'containers')", ("containers",)),
        ("cast(spec.replicas as int)", ("replicas",)),
    ],
)
def test_paths(expression: str, path: tuple[str, ...]) -> None:
    """The path of a column that an expression looks at."""
    assert uses(f"select {expression} from pods p").narrowed()["spec"] == [path]


@pytest.mark.parametrize(
    "expression",
    [
        "spec", "spec.a, spec", "spec->name", "spec->>'$..a'", "spec->>'$.*'", "cast(spec as varchar)",
        "json_keys(spec)", "json_extract(spec, ['$.a', '$.b'])", "spec is null", "json_transform(spec, '{}')",
    ],
)  # fmt: skip
def test_whole_columns(expression: str) -> None:
    """What is not one known path reads all of the column."""
    assert "spec" not in uses(f"select {expression} from pods p").narrowed()


@pytest.mark.parametrize(
    ("condition", "keys"),
    [
        ("namespace = 'shop'", {"namespace": {"shop"}}),
        ("'shop' = namespace and name in ('a', 'b')", {"namespace": {"shop"}, "name": {"a", "b"}}),
        ("namespace = 'shop' or namespace = 'kube-system'", {"namespace": {"shop", "kube-system"}}),
        ("(namespace = 'shop' and name = 'a') or namespace = 'x'", {"namespace": {"shop", "x"}}),
        ("namespace in ('a', 'b') and namespace = 'b'", {"namespace": {"b"}}),
        ("objects.resource = 'pods' and \"group\" = ''", {"resource": {"pods"}, "group": {""}}),
        ("namespace = 'shop' or size > 3", {}),
        ("not namespace = 'shop'", {}),
        ("namespace <> 'shop'", {}),
        ("namespace = name", {}),
        ("namespace = lower('SHOP')", {}),
        ("case when namespace = 'shop' then true end", {}),
    ],
)
def test_keys(condition: str, keys: dict[str, set[str]]) -> None:
    """Conditions on what a key tells, as far as all rows must meet them."""
    found = uses(f"select count(*) from objects where {condition}")
    assert {name: set(values) for name, values in found.keys["objects"].allowed} == keys


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("select 1 from objects a, pods b where a.namespace = 'shop'", {"namespace"}),
        ("select 1 from objects, pods where namespace = 'shop'", set()),
        ("select 1 from objects where name = 'a' union all select 1 from objects", set()),
        ("select 1 from objects where name = 'a' union all select 1 from objects where name = 'b'", {"name"}),
        ("select 1 from pods where name in (select name from objects where namespace = 'x')", {"namespace"}),
        ("select 1 from objects a positional join pods b where a.name = 'x'", set()),
        ("select 1 from objects a asof join pods b on a.size > b.size where a.name = 'x'", set()),
        ("describe objects", set()),
    ],
)
def test_keys_of_several_uses(query: str, keys: set[str]) -> None:
    """A table that is used twice is read for both; a column without a table's name may be another's."""
    assert {name for name, _ in uses(query).keys["objects"].allowed} == keys


def test_json_path() -> None:
    """DuckDB's JSONPath: members, elements, quoted names; no wildcard of members."""
    assert json_path("$") == ()
    assert json_path('$.a[0]."b c"[*]') == ("a", "b c")
    assert json_path("$.a.*") is None
    assert json_path("$..a") is None
