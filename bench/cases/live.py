"""
A running etcd, beside etcdctl; and beside kubectl and curl, which ask the apiserver of the same etcd.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.cluster import Etcd, KubeApiserver, write_kubeconfig
from tools.cluster.running import TOKEN

from bench import data
from bench.command import kstore
from bench.peers import beside, etcd_program, path_of
from bench.rows import Contender, Missing, Row, prints

_PODS = data.PREFIXES["pod"].decode()


def live(folder: Path, count: int) -> Iterator[Row]:
    """Rows of an etcd with `count` Deployments and as many Pods."""
    with data.restored(folder, count) as etcd:
        yield from beside_etcdctl(folder, count, etcd)
        with TemporaryDirectory() as place:
            apiserver = path_of("kube-apiserver")
            if apiserver is None:
                yield from beside_apiserver(folder, count, etcd, None, Path(place))
                return
            with KubeApiserver(Path(apiserver), Path(place), etcd.endpoint) as server:
                yield from beside_apiserver(folder, count, etcd, server, Path(place))


def beside_etcdctl(folder: Path, count: int, etcd: Etcd) -> Iterator[Row]:
    """Names, and Pods with their values."""
    both = 2 * count

    def get(*arguments: str, units: int) -> Contender:
        words = ("get", "--prefix", *arguments)
        command = (str(etcd_program("etcdctl")), "--endpoints", etcd.endpoint, *words)
        # it prints a line for each key, one for each value, and values have lines of their own
        token = f"{_PODS}frontend-" if units == count else "/registry/"
        return Contender("etcdctl", command, f"etcdctl {' '.join(words)}", prints(units), units, token=token.encode())

    yield Row(
        "names",
        "the names of all objects of a running etcd",
        kstore(folder, etcd.endpoint, "ls", "/registry", "-o", "keys", proof=prints(both), units=both),
        "Keys alone cross the wire. What etcd itself computes is in nobody's processor time.",
        peers=[get("/registry", "--keys-only", units=both)],
        limit="The start is what is left. Of 987 million instructions for 10,000 names (valgrind) Python's own "
        "start takes 41, click 132, grpc 276, of which 198 are asyncio, which grpc's C module imports, and 39 "
        "grpc.aio; most of the rest are kstore's own modules, dataclasses and regular expressions made at "
        "import. Tried: names in pages, for 30,000 fewer each; etcd's messages described in bytes instead of "
        "protobuf's classes, for 5 million fewer, and left out again.",
        aim=1,
        streams=True,
    )
    yield Row(
        "values",
        "all Pods of a running etcd, values and all",
        kstore(folder, etcd.endpoint, "ls", _PODS, "-o", "name", proof=prints(count), units=count),
        "Every value crosses the wire, as for any command that selects; etcdctl keeps the whole answer in memory.",
        peers=[get(_PODS, units=count)],
        limit="The name is read from the object, since a key may tell another one. A profile of 5,000 Pods: 55 % of "
        "the time for the objects opens their values and reads metadata.name past all other fields, 21 % takes the "
        "answers apart, and the layers of selecting and printing share the rest. The next answer is on its way "
        "while one is decoded, and waiting for it takes 4 %: no other thread would save more. Done: no "
        "resourceVersion is set, and runs of fields are passed over at once, which saves a seventh of the "
        "instructions.",
        aim=1.2,
        streams=True,
    )


def beside_apiserver(folder: Path, count: int, etcd: Etcd, server: KubeApiserver | None, place: Path) -> Iterator[Row]:
    """Tables and JSON, of kstore from etcd, of kubectl and curl from the apiserver."""
    yield Row(
        "live-table",
        "a table of all Pods of a running cluster",
        kstore(folder, etcd.endpoint, "ls", "pods", proof=prints(count + 1), units=count, header_lines=1),
        "kstore asks etcd, kubectl an apiserver that has all Pods in its memory. The first row is the time until a "
        "person sees the beginning.",
        peers=[_kubectl(count, server, place)],
        limit="A profile of 5,000 Pods of a file: 40 % of the time for a row reads the whole Pod (two thirds of that "
        "its spec), 20 % reads the value and what tells which row it is, 16 % makes the cells, 8 % hides what is "
        "not shown, and the text takes 8 %. The defaults and the form that a server gives a Pod, a third of it "
        "all, are no longer made, since no cell looks at them. To read nothing but what the cells look at would "
        "halve the rest, but a Pod that is broken elsewhere would look well.",
        aim=5,
        first_row=True,
        streams=True,
    )
    yield Row(
        "live-json",
        "all Pods of a running cluster as JSON",
        kstore(
            folder,
            etcd.endpoint,
            "ls",
            "pods",
            "-o",
            "jsonl",
            "--show-managed-fields",
            proof=prints(count),
            units=count,
        ),
        "With managedFields on both sides; curl's processor time is hardly any, since the apiserver does the work.",
        peers=[_curl(count, server)],
        limit="curl copies what the apiserver prints from its memory; the 0.25 s of a processor are curl's alone. A "
        "profile of 5,000 Pods of a file: 62 % of the time reads the Pods (43 % their specs), 22 % reads the values "
        "from the file, 6 % prints, 4 % writes. managedFields took half of it all, and are copied now where they "
        "would be printed as they stand. Not tried: `decode --batch`, which remembers parts that many objects "
        "share byte for byte, takes half as many instructions.",
        aim=2,
        streams=True,
    )


def _kubectl(count: int, server: KubeApiserver | None, place: Path) -> Contender | Missing:
    if server is None:
        return Missing("kubectl", "no kube-apiserver here")
    config = write_kubeconfig(place / "admin.conf", server.port)
    words = ("get", "pods", "-A")
    return beside(
        "kubectl",
        contender=lambda path: Contender(
            "kubectl",
            (path, "--kubeconfig", str(config), "--cache-dir", str(place / "kubectl-cache"), *words),
            f"kubectl {' '.join(words)}",
            prints(count + 1),
            count,
            header_lines=1,
        ),
    )


def _curl(count: int, server: KubeApiserver | None) -> Contender | Missing:
    if server is None:
        return Missing("curl", "no kube-apiserver here")
    url = f"https://127.0.0.1:{server.port}/api/v1/pods?pretty=false"
    return beside(
        "curl",
        contender=lambda path: Contender(
            "curl",
            (path, "-sSfk", "-H", f"Authorization: Bearer {TOKEN}", url),
            "curl https://APISERVER/api/v1/pods?pretty=false",
            prints(count),
            count,
            token=b'{"metadata":{"name":"frontend-',
        ),
    )
