"""
Every option that selects, through every output of every command that takes it: the very set of objects, or a refusal.

The table is drawn from the command line itself: its commands, the outputs that their `-o` takes, the options that
select. What is added there and not here fails.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest
from tests.cli.conftest import Kstore, Ran
from tools.cluster import Etcd, find_etcd

from kstore.catalog.releases import newest
from kstore.cli.expressions import resolved
from kstore.cli.listing_forms import HONOURED
from kstore.cli.main import cli
from kstore.cli.options import Form
from kstore.object_codec import ObjectCodec
from kstore.records import Delete, Put
from kstore.scheme.scheme import Scheme
from kstore.source.interface import WritableSource
from kstore.source.location.address import open_source

# ---- the command line


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that is no group, with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        elif command is not None:
            yield (*path, name), command


def option_names(command: click.Command) -> set[str]:
    """The options of a command, each by its longest spelling."""
    return {max(one.opts, key=len) for one in command.params if isinstance(one, click.Option)}


def outputs(command: click.Command) -> tuple[str, ...]:
    """What `-o` takes of a command; those that take an expression end in an equals sign."""
    for parameter in command.params:
        if "-o" in parameter.opts:
            if isinstance(parameter.type, Form):
                return (*parameter.type.choices, *parameter.type.prefixes)
            assert isinstance(parameter.type, click.Choice)
            return tuple(parameter.type.choices)
    return ("",)


SELECTING = {path: command for path, command in commands() if "--field-selector" in option_names(command)}
OPTIONS = {"--namespace", "--all-namespaces", "--selector", "--field-selector", "--stored-version", "--where"}
CELLS = [
    pytest.param(path, output, id=f"{' '.join(path)} -o {output}")
    for path, command in SELECTING.items()
    for output in outputs(command)
]
TEMPLATES = Path(__file__).parent / "templates"
GO_TEMPLATE = "{{range .items}}{{.metadata.name}} {{end}}"
EXPRESSIONS = {
    "jsonpath=": "{range .items[*]}{.metadata.name} {end}",
    "jsonpath-as-json=": "{.items[*].metadata.name}",
    "jsonpath-file=": str(TEMPLATES / "names.jsonpath"),
    "custom-columns=": "N:.metadata.name",
    "custom-columns-file=": str(TEMPLATES / "names.columns"),
    "go-template=": GO_TEMPLATE,
    "go-template-file=": str(TEMPLATES / "names.gotemplate"),
    "template=": GO_TEMPLATE,
    "templatefile=": str(TEMPLATES / "names.gotemplate"),
}

# ---- the store: names that occur nowhere else


def _object(api_version: str, kind: str, name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
    front = {"labels": {"tier": "front"}} if more.pop("front", False) else {}
    large = {"annotations": {"pad": "x" * 700}} if more.pop("large", False) else {}
    place = {"namespace": namespace} if namespace else {}
    metadata = {"name": name, **place, "uid": f"u-{len(name)}", **front, **large}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **more}


LAMPS = {
    "group": "lab.example.com", "scope": "Namespaced", "version": "v1", "preserveUnknownFields": False,
    "names": {"plural": "lamps", "singular": "lamp", "kind": "Lamp", "listKind": "LampList"},
    "versions": [
        {"name": name, "served": True, "storage": name == "v1",
         "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}
        for name in ("v1", "v1beta1")
    ],
}  # fmt: skip
DEFINITION = "/registry/apiextensions.k8s.io/customresourcedefinitions/lamps.lab.example.com"
RBAC, OLD_APPS, EXTENSIONS = "rbac.authorization.k8s.io/v1beta1", "apps/v1beta1", "extensions/v1beta1"
OBJECTS: dict[str, dict[str, Any]] = {
    "/registry/configmaps/shop/almond": _object("v1", "ConfigMap", "almond", "shop", front=True),
    "/registry/configmaps/shop/banana": _object("v1", "ConfigMap", "banana", "shop", large=True),
    "/registry/configmaps/default/cherry": _object("v1", "ConfigMap", "cherry", "default", front=True, large=True),
    "/registry/deployments/shop/damson": _object(EXTENSIONS, "Deployment", "damson", "shop"),
    "/registry/deployments/default/elder": _object(OLD_APPS, "Deployment", "elder", "default", large=True),
    "/registry/deployments/other/feijoa": _object("apps/v1beta2", "Deployment", "feijoa", "other", front=True),
    "/registry/roles/shop/grape": _object(RBAC, "Role", "grape", "shop", front=True),
    "/registry/roles/default/hazel": _object(RBAC, "Role", "hazel", "default", large=True),
    "/registry/clusterroles/imbe": _object(RBAC, "ClusterRole", "imbe", front=True),
    "/registry/clusterroles/jujube": _object(RBAC, "ClusterRole", "jujube", large=True),
    "/registry/lab.example.com/lamps/shop/kiwi": _object("lab.example.com/v1beta1", "Lamp", "kiwi", "shop"),
    "/registry/lab.example.com/lamps/default/lemon": _object("lab.example.com/v1beta1", "Lamp", "lemon", "default"),
    # another resource, and another namespace, that begin with the same letters
    "/registry/configmaps/shop2/mango": _object("v1", "ConfigMap", "mango", "shop2"),
    "/registry/rolebindings/shop/nance": _object(
        RBAC, "RoleBinding", "nance", "shop", roleRef={"kind": "Role", "name": "x", "apiGroup": "rbac"}
    ),
    # chosen by every selection, so that a watch of it ends
    "/registry/deployments/shop/zucchini": _object(OLD_APPS, "Deployment", "zucchini", "shop", front=True, large=True),
}
LAST = "/registry/deployments/shop/zucchini"
NAMESPACED = "configmaps,deployments.apps,roles.rbac.authorization.k8s.io,rolebindings,lamps"
RESOURCES = f"{NAMESPACED},clusterroles"
REWRITING = (("migrate", "run"), ("encrypt",))
NAMES = re.compile(rf"(?<![\w.-])({'|'.join(one['metadata']['name'] for one in OBJECTS.values())})(?![\w.-])")


def values() -> dict[str, bytes]:
    """What is stored at the keys: JSON, and protobuf where roles are."""
    codec = ObjectCodec(Scheme(newest()))
    return {
        key: codec.encode(value) if value["apiVersion"] == RBAC else json.dumps(value).encode()
        for key, value in OBJECTS.items()
    }


@dataclass(frozen=True)
class Selection:
    """What is asked for, and which objects that means."""

    options: tuple[str, ...]
    means: Callable[[dict[str, Any]], bool]
    what: str = "/"

    def arguments(self, path: tuple[str, ...]) -> list[str]:
        """
        The words of a command line. What rewrites takes resources, or none for all of them; `get` takes no path that
        means many, and without a namespace it means `default`.
        """
        if path in REWRITING and self.what == "/":
            return list(self.options)
        if path not in (("get",), ("describe",)):
            return [self.what, *self.options]
        if {"-n", "-A"} & set(self.options):
            return [NAMESPACED if self.what == "/" else self.what, *self.options]
        return [RESOURCES if self.what == "/" else self.what, "-A", *self.options]

    @property
    def names(self) -> set[str]:
        """The names of the objects that are meant."""
        return {one["metadata"]["name"] for one in OBJECTS.values() if self.means(one)}

    @property
    def resources(self) -> Counter[str]:
        """How many objects of each resource are meant."""
        places = (key.split("/")[2:] for key, one in OBJECTS.items() if self.means(one))
        return Counter(place[1] if "." in place[0] else place[0] for place in places)


def namespace(one: dict[str, Any]) -> str:
    """An object's namespace."""
    return str(one["metadata"].get("namespace", ""))


def is_front(one: dict[str, Any]) -> bool:
    """Whether it has the label."""
    return "labels" in one["metadata"]


def is_large(one: dict[str, Any]) -> bool:
    """Whether its value is large."""
    return "annotations" in one["metadata"]


SELECTIONS = (
    Selection(("-n", "shop"), lambda one: namespace(one) == "shop"),
    Selection(("-A",), lambda one: one["kind"] in ("Deployment", "ConfigMap"), "deployments.apps,configmaps"),
    Selection(("-l", "tier=front"), is_front),
    Selection(
        ("--field-selector", "metadata.namespace!=default,metadata.name!=banana"),
        lambda one: namespace(one) != "default" and one["metadata"]["name"] != "banana",
    ),
    Selection(("--stored-version", "*/v1beta1"), lambda one: one["apiVersion"].endswith("/v1beta1")),
    Selection(("--where", "stored.size > 600"), is_large),
    Selection(
        ("-n", "shop", "-l", "tier", "--where", "stored.encoding == 'json'"),
        lambda one: namespace(one) == "shop" and is_front(one) and one["apiVersion"] != RBAC,
    ),
    Selection(("-n", "shop"), lambda one: one["kind"] == "Deployment" and namespace(one) == "shop", "deployments.apps"),
)
"""Each option that selects, several at once, and arguments beside one."""


@dataclass(frozen=True)
class Stores:
    """Where the objects lie."""

    live: str
    full: Path
    """A snapshot of it with all objects."""
    gone: Path
    """One after all of them were deleted."""
    revision: int
    """At which all were there."""


def saved(server: Etcd, path: Path) -> Path:
    """A snapshot of a running server."""
    command = [str(find_etcd("etcdctl")), f"--endpoints={server.endpoint}", "snapshot", "save", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


@pytest.fixture(scope="module")
def stores(etcd_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """A real etcd, and two snapshots of it."""
    folder = tmp_path_factory.mktemp("selection")
    with Etcd(etcd_binary, folder / "etcd") as server:
        with open_source(server.endpoint) as source:
            assert isinstance(source, WritableSource)
            definition = _object("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", "lamps.lab.example.com")
            definition |= {"spec": LAMPS, "status": {"storedVersions": ["v1", "v1beta1"], "acceptedNames": {}}}
            source.commit([Put(DEFINITION.encode(), json.dumps(definition).encode(), 0)])
            at = {}
            for key, value in values().items():
                at[key] = source.commit([Put(key.encode(), value, 0)]).revision
            for _ in OBJECTS:
                at[LAST] = source.commit([Put(LAST.encode(), values()[LAST], at[LAST])]).revision
            full = saved(server, folder / "full.db")
            revision = at[LAST]
            for key, found in at.items():
                source.commit([Delete(key.encode(), found)])
            gone = saved(server, folder / "gone.db")
        yield Stores(server.endpoint, full, gone, revision)


# ---- what each command and output shows


@dataclass
class Kitchen:
    """Runs one command line after another, each with files of its own."""

    run: Kstore
    stores: Stores
    folder: Path
    count: int = 0

    def new(self, suffix: str = "") -> Path:
        """The path of a file that is not there yet."""
        self.count += 1
        return self.folder / f"{self.count}{suffix}"

    def ran(self, *words: object, code: tuple[int, ...] = (0,)) -> Ran:
        """A command line that goes well."""
        ran = self.run(*map(str, words))
        assert ran.code in code, (words, ran.err)
        return ran


def names_in(text: str) -> set[str]:
    """The objects that a text names."""
    return set(NAMES.findall(text))


def shown(path: tuple[str, ...], kitchen: Kitchen, output: str, words: list[str]) -> set[str]:
    """The objects that an output names, of the snapshot with all of them."""
    flags = {"table": ("--top", "0"), "json": ("--top", "0")} if path == ("analyze",) else {}
    form = ("-o", output + EXPRESSIONS.get(output, "")) if output else ()
    ran = kitchen.ran(*path, *words, *form, *flags.get(output, ()), "--store", kitchen.stores.full)
    return names_in(dumped(ran.text) if output == "hex" else ran.text)


def dumped(text: str) -> str:
    """The bytes of a hex dump."""
    rows = re.findall(r"^[0-9a-f]{8}  ((?:[0-9a-f]{2} +)+)", text, re.M)
    return bytes.fromhex("".join(rows)).decode("latin-1")


def exported(kitchen: Kitchen, output: str, words: list[str]) -> set[str]:
    """What a directory or a Parquet file holds."""
    target = kitchen.new(".parquet" if output == "parquet" else "")
    kitchen.ran("export", target, *words, "-o", output, "--store", kitchen.stores.full)
    if output == "parquet":
        parquet = pytest.importorskip("pyarrow.parquet")
        return names_in("\n".join(parquet.read_table(target)["key"].to_pylist()))
    return stored_in(target)


def stored_in(location: Path) -> set[str]:
    """The objects that lie in a store."""
    with open_source(str(location)) as source:
        return {name for record in source.scan() for name in names_in(record.key.decode())}


def rewritten(call: tuple[str, ...], kitchen: Kitchen, output: str, words: list[str]) -> set[str]:
    """What a migration or an encryption has changed in the copy; what it says before is as many."""
    full, target = kitchen.stores.full, kitchen.new(".db")
    calls = [*call, *words, "-o", output, "--store", full]
    before = kitchen.ran(*calls, "--dry-run")
    after = kitchen.ran(*calls, "--yes", "--output", target)
    with open_source(str(full)) as old, open_source(str(target)) as new:
        values = {record.key: record.value for record in old.scan()}
        changed = [record.key.decode() for record in new.scan() if values[record.key] != record.value]
    if output == "json":
        assert before.json["changes"] == len(changed)
    else:
        assert f"{len(changed)} change" in before.text + before.err
    told = kitchen.ran(*calls, "--dry-run=diff")
    assert names_in(told.text) == names_in("\n".join(changed)), told.text
    assert after.code == 0
    return names_in("\n".join(changed))


def deleted(kitchen: Kitchen, _: str, words: list[str]) -> set[str]:
    """What `delete` takes out; it says the same before."""
    calls = ["delete", *words, "--all", "--store", str(kitchen.stores.full)]
    told = names_in(kitchen.ran(*calls, "--dry-run").text)
    target = kitchen.new(".db")
    kitchen.ran(*calls, "--yes", "--keep", kitchen.new(), "--output", target)
    gone = stored_in(kitchen.stores.full) - stored_in(target)
    assert told == gone
    return gone


def restored(kitchen: Kitchen, output: str, words: list[str]) -> set[str]:
    """What `restore` puts back, from each of its three origins."""
    stores = kitchen.stores
    found = []
    for origin in (("--from", stores.full), ("--from-rev", stores.revision), ("--from-history",)):
        calls = ["restore", *words, *origin, "--store", stores.gone]
        if output:
            found.append(names_in(kitchen.ran(*calls, "-o", output).text))
            continue
        target = kitchen.new(".db")
        told = kitchen.ran(*calls, "--dry-run").text
        kitchen.ran(*calls, "--yes", "--output", target)
        found.append(stored_in(target))
        assert names_in(told) == found[-1]
    assert found[0] == found[1] == found[2]
    return found[0]


def compared(kitchen: Kitchen, output: str, words: list[str]) -> set[str]:
    """What differs between the snapshots; another program is given it in files, and tells of them in one more."""
    if output == "external":
        kitchen.folder.joinpath("program").write_text('#!/bin/sh\ndiff -u -N "$1" "$2" > seen; exit 0\n')
        kitchen.folder.joinpath("program").chmod(0o755)
        kitchen.folder.joinpath("seen").write_text("")
    ran = kitchen.ran("diff", kitchen.stores.gone, kitchen.stores.full, *words, "-o", output, code=(5,))
    return names_in(kitchen.folder.joinpath("seen").read_text() if output == "external" else ran.text)


def in_history(kitchen: Kitchen, output: str, words: list[str]) -> set[str]:
    """What has a history; of the snapshot in which all have gone `--deleted` names the same."""
    found = names_in(kitchen.ran("history", *words, "-o", output, "--store", kitchen.stores.full).text)
    gone = names_in(kitchen.ran("history", *words, "-o", output, "--deleted", "--store", kitchen.stores.gone).text)
    assert found == gone
    return found


def watched(kitchen: Kitchen, output: str, words: list[str]) -> set[str]:
    """What changed: the last object does so often enough for a watch to end."""
    many = len(OBJECTS)
    calls = ["watch", *words, "-o", output, "--since", "1", "--count", str(many), "--store", kitchen.stores.live]
    return names_in(kitchen.ran(*calls).text)


SEEN: Mapping[tuple[str, ...], Callable[[Kitchen, str, list[str]], set[str]]] = {
    ("ls",): partial(shown, ("ls",)),
    ("get",): partial(shown, ("get",)),
    ("describe",): partial(shown, ("describe",)),
    ("analyze",): partial(shown, ("analyze",)),
    ("export",): exported,
    ("history",): in_history,
    ("watch",): watched,
    ("diff",): compared,
    ("migrate", "run"): partial(rewritten, ("migrate", "--to-release", "1.37")),
    ("encrypt",): partial(rewritten, ("encrypt", "--encryption-provider-config", "all.yaml")),
    ("delete",): deleted,
    ("restore",): restored,
}
"""How the objects are told that a command touches, or that an output of it shows."""


ENCRYPTION = {
    "apiVersion": "apiserver.config.k8s.io/v1",
    "kind": "EncryptionConfiguration",
    "resources": [
        {
            "resources": ["*.*"],
            "providers": [{"aescbc": {"keys": [{"name": "key1", "secret": "MDEyMzQ1Njc4OWFiY2RlZg=="}]}}],
        }
    ],
}
"""A configuration that encrypts everything."""
COUNTED = {(("diff",), "summary")}
"""The cells that name no object: how many they count of each resource is compared."""
REFUSED = {(("analyze",), "prometheus"), (("get",), "raw")}
"""The cells that cannot be honoured: metrics are of a whole store, and several values run into each other."""


@pytest.fixture
def kitchen(kstore: Kstore, stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kitchen:
    """A folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECTL_EXTERNAL_DIFF", str(tmp_path / "program"))
    (tmp_path / "all.yaml").write_text(json.dumps(ENCRYPTION))
    return Kitchen(kstore, stores, tmp_path)


@pytest.mark.slow
@pytest.mark.etcd
@pytest.mark.parametrize(("path", "output"), CELLS)
def test_a_cell(kitchen: Kitchen, path: tuple[str, ...], output: str) -> None:
    """Every selection is honoured, to the object, or refused by its name and the output's."""
    for selection in SELECTIONS:
        words = selection.arguments(path)
        if (path, output) in REFUSED:
            ran = kitchen.run(*path, *words, "-o", output, "--store", str(kitchen.stores.full))
            assert (ran.code, ran.out) == (2, b"")
            assert f"-o {output}" in ran.err
            assert any(option in ran.err for option in selection.options)
        elif (path, output) in COUNTED:
            counted_by_resource(kitchen, words, selection)
        else:
            assert SEEN[path](kitchen, output, words) == selection.names, words


def counted_by_resource(kitchen: Kitchen, words: list[str], selection: Selection) -> None:
    """`diff -o summary` counts as many of each resource as are meant."""
    ran = kitchen.ran("diff", kitchen.stores.gone, kitchen.stores.full, *words, "-o", "summary", code=(5,))
    rows = [line.split() for line in ran.text.splitlines() if line.strip()]
    found = {row[0].partition(".")[0]: int(row[1]) for row in rows if row[0] not in ("Differences", "RESOURCE", "all")}
    assert found == selection.resources


def test_every_option_is_here() -> None:
    """Each command that selects has all options that do, each of them is in the table, and every cell is of today."""
    assert {
        "ls",
        "get",
        "describe",
        "export",
        "analyze",
        "diff",
        "history",
        "watch",
        "delete",
        "restore",
        "migrate",
        "encrypt",
    } == {path[0] for path in SELECTING}
    for command in SELECTING.values():
        assert option_names(command) >= OPTIONS
    spelled = {"-n": "--namespace", "-A": "--all-namespaces", "-l": "--selector"}
    given = {word for one in SELECTIONS for word in one.options if word.startswith("-")}
    assert all(OBJECTS[LAST]["metadata"]["name"] in one.names for one in SELECTIONS)
    assert {spelled.get(word, word) for word in given} == OPTIONS
    assert {(path, output) for path, command in SELECTING.items() for output in outputs(command)} >= REFUSED | COUNTED


@pytest.mark.parametrize("what", ["/", "/registry/deployments/shop", "deployments.apps/shop"])
def test_paths_are_no_resources(kstore: Kstore, what: str) -> None:
    """What rewrites takes resources: a path is refused by name, with the way to say the same."""
    for words in (["migrate", "--to-release", "1.37"], ["encrypt", "--encryption-provider-config", "none.yaml"]):
        ran = kstore(*words, what, "--dry-run", "--store", "demo")
        assert (ran.code, ran.out) == (2, b"")
        assert what in ran.err
        assert "-n" in ran.err


@pytest.mark.parametrize("option", sorted(OPTIONS - {"--all-namespaces"}))
def test_an_empty_option_selects_not_everything(kstore: Kstore, option: str) -> None:
    """As a shell makes it of a variable that is not set: refused by every command, before anything is read."""
    words = {"diff": [".", "@"], "get": ["pods"], "delete": ["/", "--all", "--yes"], "export": ["new"]}
    for path in SELECTING:
        ran = kstore(*path, *words.get(path[0], []), option, "", "--store", "demo")
        assert (ran.code, ran.out) == (2, b""), path
        assert "is empty" in ran.err


@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_argument_is_not_the_whole_store(kstore: Kstore, text: str) -> None:
    """Nor is an empty key or resource."""
    for words in (
        ["ls"], ["get"], ["delete", "--all", "--yes"], ["analyze"], ["export", "new"], ["history"], ["watch"],
        ["restore", "--from", "demo", "--yes"], ["diff", ".", "@"], ["migrate", "--to-release", "1.37", "--dry-run"],
    ):  # fmt: skip
        ran = kstore(*words, text, "--store", "demo")
        assert (ran.code, ran.out) == (2, b""), (words, ran.err)


@pytest.mark.parametrize("option", ["--store", "--etcd-prefix", "--encryption-provider-config", "--context"])
def test_an_empty_option_means_no_other_store(kstore: Kstore, option: str) -> None:
    """Before the command and after it."""
    for words in ([option, "", "ls"], ["ls", option, ""]):
        ran = kstore(*words)
        assert (ran.code, ran.out) == (2, b"")
        assert f"{option} is empty" in ran.err


@pytest.mark.parametrize("option", sorted(OPTIONS - {"--namespace"}))
def test_beside_names(kstore: Kstore, option: str) -> None:
    """What selects among many is refused where objects are named, and where two of them are compared."""
    values = {"--selector": "a", "--field-selector": "metadata.name=a", "--stored-version": "v1", "--where": "true"}
    given = [option, *([values[option]] if option in values else [])]
    short = {"--all-namespaces": "-A", "--selector": "-l"}.get(option, option)
    for words in (
        ["get", "deploy/shop/cart"],
        ["get", "deploy", "cart"],
        ["diff", "deploy/shop/cart", "deploy/shop/b"],
    ):
        ran = kstore(*words, *given, "--store", "demo")
        assert (ran.code, ran.out) == (2, b""), words
        assert short in ran.err


OF_TABLES = {
    "--as": "v1", "--sort-by": ".metadata.name", "--label-columns": "app", "--storage-columns": "size",
    "--now": "2026-01-01T00:00:00Z", "--limit": "5", "--template": "{.}",
}  # fmt: skip
"""Values for the options of `HONOURED` that are no flags."""
WATCHES = {"--watch", "--watch-only", "--output-watch-events"}
"""What a store that does not change cannot do."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "option"),
    [(name, option) for name in ("ls", "get") for option in sorted(option_names(SELECTING[name,]) & HONOURED.keys())],
)
def test_no_option_is_dropped(demo: Kstore, name: str, option: str) -> None:
    """An option that an output has no use for is refused by both names; no cell of the table is empty."""
    given = [option, OF_TABLES[option]] if option in OF_TABLES else [option]
    given += ["--watch"] if option == "--output-watch-events" else []
    for output in outputs(SELECTING[name,]):
        word = resolved(output + EXPRESSIONS.get(output, "")).partition("=")[0]
        what = "cm/shop/settings" if output == "raw" else "cm"
        ran = demo(name, what, "-o", output + EXPRESSIONS.get(output, ""), *given)
        if option in WATCHES and word in HONOURED[option]:
            assert (ran.code, "cannot be watched" in ran.err) == (1, True)
            continue
        assert ran.code == (0 if word in HONOURED[option] else 2), (output, ran.err)
        assert ran.code == 0 or any(f"-o {one}" in ran.err for one in (word, output.rstrip("=")))
        assert ran.code == 0 or option in ran.err or option in WATCHES
    if name == "ls" and option != "--template":  # which makes another output than the tree
        ran = demo("ls", *given)
        assert (ran.code, option in ran.err) == (2, True)


ALWAYS = OPTIONS | {"--output", "--show-secrets", "--show-managed-fields", "--ignore-not-found"}
"""What every output of `ls` and `get` has a use for, or is harmless to those that show nothing of it."""


@pytest.mark.parametrize("name", ["ls", "get"])
def test_every_other_option_is_honoured_or_refused(name: str) -> None:
    """An option of `ls` or `get` beside those of the store selects, holds for all outputs, or is in `HONOURED`."""
    store = {max(one.opts, key=len) for one in cli.params if isinstance(one, click.Option)}
    aliases = {"--etcd-servers", "--etcd-cafile", "--etcd-certfile", "--etcd-keyfile"}
    known, found = ALWAYS | HONOURED.keys(), option_names(SELECTING[name,]) - store - aliases
    assert found == (known if name == "get" else known - WATCHES - {"--ignore-not-found"})
