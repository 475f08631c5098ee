"""
`kstore fleet` as a command: stores, outputs, and how it ends.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Kstore

from kstore.cli.commands import fleet
from kstore.source.location.demo import unpacked


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole store and a torn one."""
    folder = tmp_path_factory.mktemp("night")
    shutil.copy(unpacked(), folder / "a.db")
    (folder / "torn.db").write_bytes(unpacked().read_bytes()[:20_000])
    return folder


@pytest.fixture(autouse=True)
def one_cache(monkeypatch: pytest.MonkeyPatch, night: Path) -> None:
    """What one test has found, the next need not."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(night / "cache"))


@pytest.mark.large
def test_check(kstore: Kstore, night: Path, tmp_path: Path) -> None:
    """A pattern, a file of names, a page; findings end with 5, else stores that cannot be read with 3, or 1 if all."""
    both = kstore("fleet", "check", f"{night}/*.db", "-o", "json", "--html", str(tmp_path / "fleet.html"))
    assert both.code == 5
    assert kstore("fleet", "versions", f"{night}/*.db").code == 3
    assert [row["status"] for row in both.json] == ["done", "failed"]
    assert f"{night}/torn.db: failed: damaged-store" in both.err
    assert "a.db" in (tmp_path / "fleet.html").read_text()
    own = [page.read_text() for page in (tmp_path / "fleet-stores").iterdir()]
    assert sorted("Findings" in text for text in own) == [False, True]
    (tmp_path / "names").write_text(f"# one\n{night}/a.db\n\n")
    alone = kstore("fleet", "check", "--stores", str(tmp_path / "names"), "-o", "jsonl")
    assert alone.code == 5
    assert alone.lines == both.json[:1]
    piped = kstore("fleet", "check", "--stores", "-", "-o", "prometheus", stdin=f"{night}/a.db\n".encode())
    assert "kstore_fleet_check_objects{" in piped.text
    assert kstore("fleet", "check", f"{night}/torn.db").code == 1


@pytest.mark.large
def test_tables(kstore: Kstore, night: Path) -> None:
    """A person's table is short, with what did not answer; -o wide has every column."""
    short = kstore("fleet", "check", f"{night}/*.db")
    head, good, torn = (line.split() for line in short.text.splitlines())
    assert head == ["STORE", "RELEASE", "OBJECTS", "BELOW", "ERRORS", "WARNINGS", "RESULT"]
    assert (good[0], good[2], good[-1], torn) == ("a.db", "264", "errors", ["torn.db", "failed"])
    assert max(map(len, short.text.splitlines())) <= 80
    assert short.err.count("torn.db") == 1
    wide = kstore("fleet", "check", f"{night}/*.db", "-o", "wide").text.splitlines()
    assert {"CLUSTER", "VERDICT", "STATUS", "ERROR"} < set(wide[0].split())
    for kind in ("versions", "analyze"):
        assert kstore("fleet", kind, f"{night}/a.db").text.split()[0] == "STORE"


@pytest.mark.large
def test_why_a_backup_is_not_proved(kstore: Kstore, night: Path) -> None:
    """Beside the verdict is the first reason, without the name of the store, which the row has."""
    head, good, torn = kstore("fleet", "prove", f"{night}/*.db").text.splitlines()
    assert head.split() == ["STORE", "REVISION", "RESULT", "WHY"]
    assert good.split()[2:] == ["proved"]
    assert re.search(r"not proved +whole: the database has \d+ bytes, the file only 19968", torn)


@pytest.mark.large
def test_sql(kstore: Kstore, night: Path) -> None:
    """One query over all stores; those that cannot be read are named."""
    pytest.importorskip("duckdb")
    ran = kstore("fleet", "sql", "select store, count(*) n from objects group by 1", f"{night}/*.db", "-o", "json")
    assert ran.code == 3
    (row,) = ran.json
    assert (row["store"], row["n"]) == (f"{night}/a.db", 264)
    assert kstore("fleet", "sql", "select nope from pods", f"{night}/a.db").code == 2


@pytest.mark.large
def test_options_of_the_store_hold_for_all(kstore: Kstore, night: Path) -> None:
    """The release and the flags of the server, as for one store; a flag that is none is refused before."""
    asked = ("fleet", "versions", f"{night}/a.db", "-o", "json")

    def stored(*options: str) -> dict[str, str]:
        return {row["resource"]: row["storage_version"] for row in kstore(*asked, *options).json}

    assert stored("--release", "1.20")["horizontalpodautoscalers.autoscaling"] == "autoscaling/v1"
    newest, emulated = stored("--release", "1.34"), stored("--release", "1.34", "--emulated-version", "1.33")
    assert newest["ipaddresses.networking.k8s.io"] == "networking.k8s.io/v1"
    assert emulated["ipaddresses.networking.k8s.io"] == "networking.k8s.io/v1beta1"
    assert kstore(*asked, "--feature-gates", "NoSuch").code == 2
    assert kstore(*asked, "--dial-timeout", "soon").code == 2


def test_parquet(kstore: Kstore, night: Path, tmp_path: Path) -> None:
    """The table of a run as Parquet."""
    parquet = pytest.importorskip("pyarrow.parquet")
    ran = kstore("fleet", "versions", f"{night}/a.db", "-o", "parquet")
    (tmp_path / "x.parquet").write_bytes(ran.out)
    assert sum(parquet.read_table(tmp_path / "x.parquet")["objects"].to_pylist()) == 264


@pytest.mark.large
@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("check", "/nowhere/*.db"),
        ("--store", "demo", "check", "demo"),
        ("check", "demo", "--timeout", "soon"),
        ("sql", "", "demo"),
    ],
)
def test_usage(arguments: tuple[str, ...], kstore: Kstore) -> None:
    """No store, a pattern without a match, stores by two ways, a time that is none, no query."""
    before = ("--store", "demo") if arguments[0] == "--store" else ()
    ran = kstore(*before, "fleet", *arguments[len(before) :])
    assert ran.code == 2
    assert ran.out == b""


def test_standard_input_is_no_store(kstore: Kstore) -> None:
    """A store is opened by another process; the names of stores may come so."""
    ran = kstore("fleet", "check", "-")
    assert ran.code == 2
    assert "--stores -" in ran.err


def test_a_file_of_names(tmp_path: Path) -> None:
    """A store a line; blanks around it, empty lines and comments, indented ones too, are passed over."""
    names = tmp_path / "names"
    names.write_text("# the first\na.db\n\n  # the second\n\t b #1.db \n#c.db\n", encoding="utf-8")
    assert list(fleet._lines(str(names))) == ["a.db", "b #1.db"]
    assert list(fleet._lines("")) == []
