"""
`kstore sql` as a command: queries, files, stores, outputs, and how it ends.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

pytest.importorskip("duckdb")

from tests.cli.conftest import Kstore

from kstore.cli import sql_prompt
from kstore.cli.sql_session import SqlSession
from kstore.source.location.demo import unpacked
from kstore.sql.asked_store import AskedStore
from kstore.sql.database import Database

PODS = "select namespace, name, spec.nodeName, labels from pods where namespace = 'default' order by name limit 2"


def test_outputs(demo: Kstore) -> None:
    """Every output has the same rows."""
    rows = demo("sql", PODS, "-o", "json").json
    assert rows == demo("sql", PODS, "-o", "jsonl").lines
    names = [row["name"] for row in rows]
    assert len(names) == 2
    table = demo("sql", PODS)
    assert table.code == 0
    assert table.text.splitlines()[0].split() == ["NAMESPACE", "NAME", "NODENAME", "LABELS"]
    assert [line.split()[1] for line in table.text.splitlines()[1:]] == names
    assert demo("sql", PODS, "-o", "markdown").text.splitlines()[1] == "| --- | --- | --- | --- |"
    read = list(csv.DictReader(io.StringIO(demo("sql", PODS, "-o", "csv").text)))
    assert [row["nodeName"] for row in read] == [row["nodeName"] for row in rows]
    assert [json.loads(row["labels"]) for row in read] == [row["labels"] for row in rows]


def test_parquet(demo: Kstore, tmp_path: Path) -> None:
    """-o parquet is a file on standard output."""
    parquet = pytest.importorskip("pyarrow.parquet")
    (tmp_path / "answer.parquet").write_bytes(demo("sql", PODS, "-o", "parquet").out)
    assert parquet.read_table(tmp_path / "answer.parquet").column_names == ["namespace", "name", "nodeName", "labels"]


def test_patterns(kstore: Kstore, tmp_path: Path) -> None:
    """A quoted pattern names several stores; one without a match is refused."""
    for name in ("a.db", "b.db"):
        (tmp_path / name).write_bytes(unpacked().read_bytes())
    ran = kstore("sql", "select count(distinct store) n from pods", f"{tmp_path}/*.db", "-o", "json")
    assert ran.json == [{"n": 2}]
    assert kstore("sql", "select 1 from pods", f"{tmp_path}/*.nothing").code == 2


def test_where_the_query_comes_from(kstore: Kstore, demo: Kstore, tmp_path: Path) -> None:
    """An argument, a file, standard input; stores are arguments or an option, never both."""
    query = "select count(*) as n from nodes"
    expected = demo("sql", query).text
    (tmp_path / "q.sql").write_text(f"-- how many\n{query};\n")
    assert demo("sql", "--file", str(tmp_path / "q.sql")).text == expected
    assert demo("sql", stdin=query.encode()).text == expected
    assert kstore("sql", query, "demo").text == expected
    assert kstore("sql", "demo", stdin=query.encode()).text == expected
    assert demo("sql", query, "demo").code == 2
    assert demo("sql", "").code == 2
    (tmp_path / "q.sql").write_bytes(b"select '\xff'")
    assert demo("sql", "--file", str(tmp_path / "q.sql")).code == 2


def test_several_queries(demo: Kstore) -> None:
    """Two answers for people do not run into each other; those for programs have nothing between them."""
    queries = "select 1 as a; select 2 as b"
    assert demo("sql", queries, "-o", "markdown").text == "| a |\n| --- |\n| 1 |\n\n| b |\n| --- |\n| 2 |\n"
    assert "\n\nB" in demo("sql", queries).text
    assert demo("sql", queries, "-o", "jsonl").text == '{"a":1}\n{"b":2}\n'


def test_several_stores(kstore: Kstore) -> None:
    """Rows of all stores are in one answer."""
    one = int(kstore("sql", "select count(*) n from objects", "demo", "-o", "json").json[0]["n"])
    both = kstore("sql", "select count(*) n from objects", "demo", "demo", "-o", "json").json[0]["n"]
    assert both == 2 * one


def test_secrets(demo: Kstore) -> None:
    """By the rule of every output: masked for people and in Parquet, as stored in a pipe for programs."""
    query = "select data from secrets where name = 'payment-gateway'"
    stored = demo("get", "secret/shop/payment-gateway", "-o", "json").json["data"]
    assert demo("sql", query, "-o", "json").json == [{"data": stored}]
    for output in ("table", "markdown", "parquet"):
        ran = demo("sql", query, "-o", output)
        assert ran.code == 0
        assert not any(value.encode() in ran.out for value in stored.values())
    assert stored["api-key"] in demo("sql", query, "--show-secrets").text


def test_dot_commands(demo: Kstore) -> None:
    """They name tables and columns, and say what a query reads."""
    assert demo("sql", ".tables").text.splitlines()[:3] == ["objects", "history", "findings"]
    assert "crontabs" in demo("sql", ".tables").text.splitlines()
    assert "create_revision" in demo("sql", ".columns pods").text
    assert "decoded: spec.nodeName" in demo("sql", ".explain select spec.nodeName from pods").text
    assert demo("sql", ".nope").code == 2


@pytest.mark.parametrize(
    "query", ["select nope from pods", "select 1 from nope", "drop table objects", "selec 1", "select group from pods"]
)
def test_usage(query: str, demo: Kstore) -> None:
    """A query that cannot be meant ends with 2, a word and a hint, and prints nothing."""
    ran = demo("sql", query)
    assert ran.code == 2
    assert ran.out == b""
    assert "hint: " in ran.err or "syntax error" in ran.err


def test_a_failure_while_running(demo: Kstore) -> None:
    """A value that does not fit ends with 1."""
    assert demo("sql", "select name::int from pods").code == 1


def test_what_cannot_be_read(kstore: Kstore, tmp_path: Path) -> None:
    """A damaged value is named once, and the command ends with 3."""
    assert kstore("--store", "demo", "export", str(tmp_path / "e"), "pods", "--no-yaml").code == 0
    from kstore.source.export_directory import DirectorySource

    with DirectorySource(tmp_path / "e") as source:
        record = next(iter(source.scan()))
    index = tmp_path / "e" / "index.jsonl"
    row = json.loads(index.read_text().splitlines()[0])
    import hashlib

    (tmp_path / "e" / row["file"]).write_bytes(b"k8s\0broken")
    row["sha256"] = hashlib.sha256(b"k8s\0broken").hexdigest()
    text = json.dumps(row) + "\n" + "".join(index.read_text().splitlines(True)[1:])
    index.write_text(text)
    header = json.loads((tmp_path / "e" / "export.json").read_text())
    header["index_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (tmp_path / "e" / "export.json").write_text(json.dumps(header))
    ran = kstore(
        "sql", "select count(a.status), count(b.spec) from pods a join pods b using (key)", str(tmp_path / "e")
    )
    assert ran.code == 3
    assert ran.err.count(record.key.decode()) == 1


def test_a_name_cannot_steer_the_terminal(kstore: Kstore, tmp_path: Path) -> None:
    """Control characters from a query's answer are escaped in forms for people."""
    ran = kstore("sql", "select 'a' || chr(27) || 'b' as x", "demo")
    assert "\x1b" not in ran.text
    assert "a^[b" in ran.text


@pytest.fixture(scope="module")
def session() -> SqlSession:
    """Over the demo store."""
    from kstore.library.opening import Opening

    stores = [AskedStore.pinned(Opening("demo").store)]
    return SqlSession(Database(stores), stores, "table", show_secrets=False)


@pytest.mark.parametrize(
    ("before", "begun", "proposed", "not_proposed"),
    [
        ("select * from cron", "cron", "crontabs", "create_revision"),
        ("select st", "st", "stored_version", "statefulsets"),
        ("select sp from pods where s", "s", "spec", "services"),
        (".ta", ".ta", ".tables", ".help"),
        (".columns dep", "dep", "deployments", "spec"),
        (".output js", "js", "json", "table"),
        ("select name from pods gr", "gr", "group by", "from"),
    ],
)
def test_completion(before: str, begun: str, proposed: str, not_proposed: str, session: SqlSession) -> None:
    """Tables where a table stands, else the columns of the tables named, and words of SQL."""
    found = sql_prompt.proposals(session, before, begun)
    assert proposed in found
    assert not_proposed not in found


def test_an_empty_query(kstore: Kstore) -> None:
    """As a shell makes it of a variable that is not set: neither a store nor a wish for a prompt."""
    for query in ("", "  "):
        ran = kstore("--store", "demo", "sql", query)
        assert ran.code == 2
        assert "the query is empty" in ran.err
