"""
The tables are what the releases say, whichever of them are asked anew; what a release lost stops the merge.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.tools.small_releases import API, KUBE, field, release
from tools.losses import Tables
from tools.merge_releases import Asked, Standing, Written
from tools.merge_types import MergeStopped, ReleaseSet

from tools import merge_catalog, merge_sent

MOVED = "k8s.io/apiextensions-api/pkg/apis/apiextensions"
EMPTY: dict[str, Any] = {"types": {}, "kinds": [], "resources": []}


def tables(*dumps: dict[str, Any], gone: dict[str, list[str]] | None = None) -> dict[str, str]:
    """The tables of releases that were all asked."""
    return merge_catalog.Catalog(map(Asked, dumps), EMPTY, gone or {}).files()


def added(folder: Path, before: dict[str, str], *dumps: dict[str, Any], gone: Any = None) -> dict[str, str]:
    """The tables of releases that were asked, beside those that are written already."""
    merge_catalog.write(folder, before)
    return merge_catalog.merged(list(dumps), folder, EMPTY, gone or {})


def rows(files: dict[str, str], name: str) -> list[dict[str, Any]]:
    """A table."""
    found: list[dict[str, Any]] = json.loads(files[name])
    return found


# ---- the committed tables


@pytest.fixture(scope="module")
def history() -> dict[str, Any]:
    """What was written by hand."""
    found: dict[str, Any] = json.loads(merge_catalog.HISTORY.read_text())
    return found


@pytest.fixture(scope="module")
def gone() -> dict[str, list[str]]:
    """The losses that are accounted for."""
    found: dict[str, list[str]] = json.loads(merge_catalog.GONE.read_text())
    return found


@pytest.mark.large
def test_the_newest_release_taken_out_and_put_back(
    tmp_path: Path, history: dict[str, Any], gone: dict[str, list[str]]
) -> None:
    """Byte for byte the committed tables again; and without it they know no release as newest but the one before."""
    whole = Written(merge_catalog.TABLES, history)
    *older, newest = whole.known.known
    fewer = merge_catalog.Catalog((Standing(whole, one) for one in older), history, gone).files()
    merge_catalog.write(tmp_path, fewer)
    assert newest not in {row["release"] for row in rows(fewer, "releases.json")}
    assert f'"{newest}-"' not in "".join(fewer.values())
    left = Written(tmp_path, history)
    again = merge_catalog.Catalog([*(Standing(left, one) for one in older), Standing(whole, newest)], history, gone)
    files = again.files()
    assert {name for name, text in files.items() if merge_catalog.read(merge_catalog.TABLES / name) != text} == set()
    assert {path.name for path in merge_catalog.TABLES.glob("types/*.json")} == {
        Path(name).name for name in files if name.startswith("types/")
    }


@pytest.mark.large
def test_the_committed_tables_lost_nothing_unsaid(history: dict[str, Any], gone: dict[str, list[str]]) -> None:
    """Without one row of gone.json the merge would stop, and name it."""
    whole = Written(merge_catalog.TABLES, history)
    catalog = merge_catalog.Catalog((Standing(whole, one) for one in whole.known.known), history, gone)
    facts = Tables(catalog.release_rows(), catalog.kinds(), catalog.resources(), catalog.types())
    assert facts.complaints(gone) == ""
    release_of = next(reversed(gone))
    hidden = gone[release_of][0]
    told = facts.complaints({**gone, release_of: gone[release_of][1:]})
    assert f"{release_of} has no more" in told
    assert told.splitlines()[1] == f"  {hidden}"


def test_what_is_sent_read_back() -> None:
    """The table of sent kinds, with no release asked, is itself."""
    before = json.loads((merge_sent.TABLES / "sent.json").read_text())
    exact = [row["release"] for row in json.loads((merge_sent.TABLES / "releases.json").read_text()) if row["exact"]]
    found = merge_sent.table([], merge_sent.stored_types(merge_sent.TABLES), before, exact)
    assert merge_sent.written(found) == (merge_sent.TABLES / "sent.json").read_text()


# ---- adding a release


def test_adding_a_release_needs_no_dump_of_the_others(tmp_path: Path) -> None:
    """The tables with one release added are those of all dumps."""
    first, second, third = (
        release("1.40"),
        release("1.41", versions=("v2", "v1")),
        release("1.42", versions=("v2", "v1")),
    )
    third["types"][f"{API}/v2.Bar"]["fields"].append(field("Colour", "string", 2))
    third["types"][f"{KUBE}.Bar"]["fields"].append(field("Colour", "string"))
    third["gates"]["defaults"]["Locks"] = False
    assert added(tmp_path, tables(first, second), third) == tables(first, second, third)
    assert added(tmp_path, tables(first, second, third), second) == tables(first, second, third)


def test_a_newer_name_of_an_internal_field_is_every_releases(tmp_path: Path) -> None:
    """An internal field has the key of the newest version that it is paired with, in the rows of older releases too."""
    first, second = release("1.40"), release("1.41")
    for dump in (first, second):
        dump["types"][f"{KUBE}.Bar"]["fields"].append(field("HostID", "string"))
    second["types"][f"{API}/v1.Bar"]["fields"].append(field("HostID", "string", 2, json="hostIdentity"))
    found = added(tmp_path, tables(first), second)
    assert found == tables(first, second)
    assert '"json": "hostIdentity"' in found["types/zoo.internal.json"]


def test_ranges_are_read_as_they_are_written() -> None:
    """Every set of releases, there and back."""
    known = ReleaseSet(["1.8", "1.9", "1.10", "1.11"])
    for bits in range(1, 16):
        members = {one for at, one in enumerate(known.known) if bits >> at & 1}
        assert known.members(known.ranges(members)) == members
    assert known.members("-1.9") == {"1.8", "1.9"}
    assert known.members("") == set(known.known)


# ---- what moves


def test_types_that_move_to_another_module() -> None:
    """Nothing is lost where the types of the definitions are in a module of their own: no row differs."""
    assert tables(release("1.40", extensions=MOVED), release("1.41", extensions=MOVED)) == tables(
        release("1.40"), release("1.41")
    )
    both = tables(release("1.40"), release("1.41", extensions=MOVED))
    assert [row["resource"] for row in rows(both, "resources.json")] == ["customresourcedefinitions", "cages"]
    assert both == tables(release("1.40"), release("1.41"))


def test_a_scalar_that_moves_again() -> None:
    """Where no scalar is expected the merge stops: it would be taken for a struct."""
    with pytest.raises(MergeStopped, match=r"k8s.io/elsewhere/apiextensions/v1.JSON has the name of a scalar"):
        tables(release("1.40"), release("1.41", extensions="k8s.io/elsewhere/apiextensions"))


def test_a_hub_that_becomes_a_version(tmp_path: Path) -> None:
    """Each release keeps the hub that it has; the internal type ends."""
    first, second = release("1.40"), release("1.41", hub=f"{API}/v1.Cage")
    for name in ("Cage", "Bar"):
        del second["types"][f"{KUBE}.{name}"]
    gone = {"1.41": ["type zoo.internal.Bar", "type zoo.internal.Cage"]}
    found = added(tmp_path, tables(first), second, gone=gone)
    assert found == tables(first, second, gone=gone)
    cages = [row for row in rows(found, "kinds.json") if row["kind"] == "Cage"]
    assert [(row["hub"], row["releases"]) for row in cages] == [
        ("zoo.internal.Cage", "1.40"), ("zoo.v1.Cage", "1.41-"),
    ]  # fmt: skip
    assert rows(found, "resources.json")[1]["storage"] == {"1.40-": "zoo.k8s.io/v1"}


# ---- what is lost


def without_the_resource(dump: dict[str, Any]) -> None:
    """The definitions' markers were not found."""
    dump["resources"] = dump["resources"][1:]


def without_the_type(dump: dict[str, Any]) -> None:
    """A struct gone from within a kind that stays."""
    del dump["types"][f"{API}/v1.Bar"]
    dump["types"][f"{API}/v1.Cage"]["fields"] = []


def without_the_kind(dump: dict[str, Any]) -> None:
    """A version gone with all of its types: only the kind is named."""
    dump["kinds"] = [one for one in dump["kinds"] if one["Version"] != "v2"]
    dump["types"] = {name: one for name, one in dump["types"].items() if "/v2." not in name}


@pytest.mark.parametrize(
    ("lose", "named"),
    [
        (without_the_resource, "resource customresourcedefinitions.apiextensions.k8s.io"),
        (without_the_type, "type zoo.v1.Bar"),
        (without_the_kind, "kind zoo.k8s.io/v2 Cage"),
    ],
)
def test_a_loss_stops_the_merge(tmp_path: Path, lose: Any, named: str) -> None:
    """Whether the older release was asked or stands in the tables; said in gone.json it does not."""
    first, second = release("1.40", versions=("v1", "v2")), release("1.41", versions=("v1", "v2"))
    lose(second)
    for merge in (
        lambda **more: tables(first, second, **more),
        lambda **more: added(tmp_path, tables(first), second, **more),
    ):
        with pytest.raises(MergeStopped) as stopped:
            merge()
        assert str(stopped.value).splitlines()[:2] == [
            "1.41 has no more what the release before it had:", f"  {named}",
        ]  # fmt: skip
        assert "gone.json" in str(stopped.value)
        assert merge(gone={"1.41": [named]})
    with pytest.raises(MergeStopped, match=r"losses of 1\.41 that are none:\n  kind v1 Pod"):
        tables(first, second, gone={"1.41": [named, "kind v1 Pod"]})


def test_a_kind_whose_end_was_announced() -> None:
    """What a kind's own lifecycle says needs no row, from the release that it names on."""
    first, second = (release(name, versions=("v1", "v2")) for name in ("1.40", "1.41"))
    without_the_kind(second)
    first["kinds"][1]["Removed"] = "1.41"
    assert tables(first, second)
    first["kinds"][1]["Removed"] = "1.42"
    with pytest.raises(MergeStopped, match=r"kind zoo\.k8s\.io/v2 Cage"):
        tables(first, second)


def test_no_dumps_are_no_merge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """A folder without dumps is said to be one, instead of tables that say nothing."""
    monkeypatch.setattr("sys.argv", ["merge_catalog", str(tmp_path)])
    with pytest.raises(SystemExit, match="has no dump"):
        merge_catalog.main()
