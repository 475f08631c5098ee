"""
Ask one Kubernetes release for the facts that kstore's catalog is made from.

    python -m tools.catalog.release 1.37.2 DIRECTORY      writes DIRECTORY/k8s-1.37.json

Needs Go and a Go module proxy, nothing of kstore. Three small Go programs answer, each in a throw-away module
that pins the release: `reflect` (what the types are), `source` (what only the sources say) and `storage` (what
the release's storage factory decides). This file knows which packages a release has and joins the answers.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from tools.catalog.modules import BUILDING, downloaded, published, run

HERE = Path(__file__).resolve().parent

# From here on the module k8s.io/kubernetes builds: internal types and the storage factory can be asked as well.
FIRST_EXACT_MINOR = 29

# Dependencies of old releases that today's Go no longer compiles, at the first version that it does.
PINS = {
    "github.com/modern-go/reflect2": "v1.0.2",
    "golang.org/x/sys": "v0.1.0",
    "golang.org/x/net": "v0.1.0",
}

# The three schemes of a kube-apiserver: its own, that of custom resource definitions, that of the aggregator.
LIVE_SCHEMES = """package main

import (
\tapiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
\t"k8s.io/apimachinery/pkg/runtime"
\tapiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/install"
\t"k8s.io/kubernetes/pkg/api/legacyscheme"
)

func schemes() []*runtime.Scheme {
\textensions, aggregator := runtime.NewScheme(), runtime.NewScheme()
\tapiextensions.Install(extensions)
\tapiregistration.Install(aggregator)
\treturn []*runtime.Scheme{legacyscheme.Scheme, extensions, aggregator}
}
"""

# Types that no kind reaches, since their JSON is kept in annotations (pkg/apis/autoscaling/v1/conversion.go).
ANNOTATED = """package main

import autoscaling "k8s.io/api/autoscaling/v1"

func annotated() []any {
\treturn []any{autoscaling.MetricSpec{}, autoscaling.MetricStatus{}, autoscaling.HorizontalPodAutoscalerCondition{}}
}
"""


def main() -> None:
    """Parse the command line and write the dump."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("release", help="patch version, as 1.37.2")
    parser.add_argument("directory", type=Path)
    parser.add_argument(
        "--no-storage", action="store_true", help="leave out the storage factory (much faster to build)"
    )
    arguments = parser.parse_args()
    minor = int(arguments.release.split(".")[1])
    with tempfile.TemporaryDirectory(prefix="catalog-") as work:
        dump = Release(arguments.release, minor, Path(work)).dump(storage=not arguments.no_storage)
    arguments.directory.mkdir(parents=True, exist_ok=True)
    target = arguments.directory / f"k8s-1.{minor}.json"
    scratch = target.with_suffix(".tmp")
    scratch.write_text(json.dumps(dump, indent=1, ensure_ascii=False) + "\n")
    os.replace(scratch, target)
    print(target)


class Release:
    """One release, its modules on disk, and a folder to build in."""

    def __init__(self, version: str, minor: int, work: Path) -> None:
        self.version, self.minor, self.work = version, minor, work
        self.exact = minor >= FIRST_EXACT_MINOR
        self.modules: dict[str, Path] = {}
        self.modules["k8s.io/kubernetes"] = downloaded("k8s.io/kubernetes", f"v{version}", work)
        for module in ("api", "apimachinery", "apiextensions-apiserver", "kube-aggregator", "apiserver"):
            self.download(f"k8s.io/{module}")

    def download(self, module: str) -> None:
        """Have a module that is published beside the release, and note where it is."""
        self.modules[module] = downloaded(module, published(self.version), self.work)

    def dump(self, *, storage: bool) -> dict[str, Any]:
        """What the three programs say, with `+default=` markers put beside the fields they belong to."""
        reflected = json.loads(self.program("reflect", self.schemes(), []))
        for module in sorted(homes(reflected["kinds"]) - self.modules.keys()):
            self.download(module)
        source = json.loads(self.program("source", {}, [f"{m}={d}" for m, d in self.modules.items()]))
        defaults = source.pop("defaults")
        for name, fields in defaults.items():
            for field in reflected["types"].get(name, {}).get("fields", ()):
                if field["go"] in fields:
                    field["default"] = fields[field["go"]]
        dump = {"release": f"1.{self.minor}", "patch": self.version, **reflected, **source}
        dump["resources"] = resources(dump)
        if storage and self.exact:
            kube = [r for r in dump["resources"] if (r["group"], r["kind"]) in hubs(dump)]
            questions = "".join(f"{r['group'] or '-'} {r['resource']} {r['kind']}\n" for r in kube)
            dump["factory"] = json.loads(self.program("storage", {"installs.go": self.installs()}, [], questions))
        return dump

    def program(self, name: str, extra: dict[str, str], arguments: list[str], stdin: str = "") -> str:
        """Build one of the Go programs against this release and run it."""
        folder = self.work / name
        shutil.copytree(HERE / name, folder)
        for file, text in extra.items():
            (folder / file).write_text(text)
        (folder / "go.mod").write_text("module catalog\n\ngo 1.22\n" if name == "source" else self.go_mod())
        tags = ["-tags", "providerless"] if self.minor < 30 else []
        run(["nice", "go", "build", *tags, "-o", "program", "."], folder, BUILDING)
        return run(["./program", *arguments], folder, stdin=stdin)

    def go_mod(self) -> str:
        """A module that has this release and nothing else; staging modules at their published tags."""
        theirs = (self.modules["k8s.io/kubernetes"] / "go.mod").read_text()
        version = published(self.version)
        directive = re.search(r"^go (\S+)", theirs, re.M)
        lines = ["module catalog", ""]
        if self.exact:
            lines += [
                f"go {directive[1] if directive else '1.21'}",
                "",
                f"require k8s.io/kubernetes v{self.version}",
                "",
                "replace (",
            ]
            lines += [f"\t{m} => {m} {version}" for m in re.findall(r"(k8s\.io/\S+) => \./staging", theirs)]
            lines += [")"]
        else:
            needed = (
                "api",
                "apimachinery",
                "apiextensions-apiserver",
                "kube-aggregator",
                "client-go",
                "apiserver",
                "component-base",
            )
            lines += ["go 1.18", "", "require ("]
            lines += [
                f"\tk8s.io/{m} {version}" for m in ("api", "apimachinery", "apiextensions-apiserver", "kube-aggregator")
            ]
            lines += [f"\t{module} {version}" for module, version in PINS.items()]
            lines += [")", "", "replace ("] + [f"\tk8s.io/{m} => k8s.io/{m} {version}" for m in needed] + [")"]
        return "\n".join(lines) + "\n"

    def schemes(self) -> dict[str, str]:
        """The Go files that gather this release's schemes."""
        if self.exact:
            return {"schemes.go": LIVE_SCHEMES, "installs.go": self.installs(), "annotated.go": ANNOTATED}
        return {"schemes.go": self.published_schemes(), "annotated.go": ANNOTATED}

    def installs(self) -> str:
        """The Go file that fills the kube scheme with every group, internal types included."""
        kube = self.modules["k8s.io/kubernetes"]
        packages = sorted(p.parent.relative_to(kube).as_posix() for p in kube.glob("pkg/apis/*/install/install.go"))
        return "package main\n\nimport (\n" + "".join(f'\t_ "k8s.io/kubernetes/{p}"\n' for p in packages) + ")\n"

    def published_schemes(self) -> str:
        """The Go file that fills a scheme with the published types only."""
        packages = []
        for module, pattern in (
            ("k8s.io/api", "*/*/register.go"),
            ("k8s.io/apiextensions-apiserver", "pkg/apis/apiextensions/v*/register.go"),
            ("k8s.io/kube-aggregator", "pkg/apis/apiregistration/v*/register.go"),
        ):
            root = self.modules[module]
            packages += sorted(f"{module}/{p.parent.relative_to(root).as_posix()}" for p in root.glob(pattern))
        imports = "\n".join(f'\tp{i} "{p}"' for i, p in enumerate(packages))
        adds = "\n".join(f"\tadd(p{i}.AddToScheme)" for i in range(len(packages)))
        return f"""package main

import (
\t"k8s.io/apimachinery/pkg/runtime"
{imports}
)

func schemes() []*runtime.Scheme {{
\tscheme := runtime.NewScheme()
\tadd := func(addToScheme func(*runtime.Scheme) error) {{
\t\tif err := addToScheme(scheme); err != nil {{
\t\t\tpanic(err)
\t\t}}
\t}}
{adds}
\treturn []*runtime.Scheme{{scheme}}
}}
"""


def homes(kinds: list[dict[str, str]]) -> set[str]:
    """The modules that the kinds' types are in, wherever a release has moved them: `k8s.io/apiextensions-api`."""
    return {"/".join(kind[name].split("/")[:2]) for kind in kinds for name in ("Type", "Hub") if kind.get(name)}


def hubs(dump: dict[str, Any]) -> set[tuple[str, str]]:
    """The kinds of the kube scheme that have a hub, internal or a version (other servers have schemes of their own)."""
    others = {dump["groups"][package] for package in dump["storage"]["servers"]}
    return {(k["Group"], k["Kind"]) for k in dump["kinds"] if k.get("Hub") and k["Group"] not in others}


def resources(dump: dict[str, Any]) -> list[dict[str, Any]]:
    """
    The stored resources: kinds that clients are generated for and that a store of the registry holds.

    The client markers give scope and subresources, the registry code short names, categories and the singular;
    a resource that shares another's place (`cohabited`) is held by the other's store.
    """
    groups = dump["groups"]
    stores = {(groups[r["package"]], r["resource"]): r for r in dump["resources"] if r["package"] in groups}
    for a_package, a, b_package, b in dump["storage"]["cohabited"]:
        first, second = (groups[a_package], a), (groups[b_package], b)
        held = stores.get(first) or stores.get(second)
        if held:
            stores.setdefault(first, held)
            stores.setdefault(second, held)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for kind in dump["kinds"]:
        markers = dump["clients"].get(kind["Type"], [])
        name = next((m.partition("=")[2] for m in markers if m.startswith("resourceName=")), plural(kind["Kind"]))
        store = stores.get((kind["Group"], name))
        if "genclient" not in markers or store is None:
            continue
        row = found.setdefault(
            (kind["Group"], name),
            {
                "group": kind["Group"],
                "resource": name,
                "kind": kind["Kind"],
                "singular": store.get("singular", kind["Kind"].lower()),
                "shortNames": store.get("shortNames", []),
                "categories": store.get("categories", []),
                "namespaced": "genclient:nonNamespaced" not in markers,
                "status": "field=Status" in markers and "genclient:noStatus" not in markers,
                "scale": any("method=UpdateScale" in m for m in markers),
                "versions": [],
            },
        )
        row["versions"].append(kind["Version"])
    return [found[key] for key in sorted(found)]


def plural(kind: str) -> str:
    """The resource a kind is served under by default (`meta.UnsafeGuessKindToResource` in apimachinery)."""
    name = kind.lower()
    if name.endswith("endpoints"):
        return name
    if name.endswith("s"):
        return name + "es"
    return name[:-1] + "ies" if name.endswith("y") else name + "s"


if __name__ == "__main__":
    main()
