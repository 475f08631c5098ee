"""
The codec as a filter: stored values, one a line, to JSON, to YAML, to another version.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.command import kstore
from bench.data import Inputs
from bench.peers import beside
from bench.rows import Contender, Row, prints


def filters(folder: Path, count: int) -> Iterator[Row]:
    """Rows of `decode` and `convert`."""
    pods = Inputs(folder, "pod", count)
    decode = ("decode", "--batch", "--workers")
    for workers, aim in ((1, 3.0), (2, 4.0)):
        yield Row(
            f"json-{workers}",
            f"stored Pods to JSON, {'one process' if workers == 1 else 'two processes'}",
            kstore(folder, "", *decode, str(workers), stdin=pods.lines(), proof=prints(count), units=count),
            "Values as etcd has them, a line each, become objects of JSON, a line each. auger, in Go, computes on as "
            "many cores as its garbage collection needs beside its one worker.",
            peers=[beside("auger", contender=lambda path: auger_decode(path, pods, count, "-o", "json"))],
            limit="Parts that came before, byte for byte, are not read again. A profile of 5,000 Pods: 41 % of the "
            "time reads and prints the rest of the metadata, 13 % is base64 in Python's C module, 12 % takes the value "
            "apart, 8 % finds the lines; 14 % is spent on looking up parts and putting the text together.",
            aim=aim,
        )
    few = Inputs(folder, "pod", max(1, count // 5))
    units = max(1, count // 5)
    yield Row(
        "yaml",
        "stored Pods to YAML, one process",
        kstore(
            folder, "", *decode, "1", "-o", "yaml", stdin=few.lines(), proof=prints(units), units=units,
            token=b"kind: Pod\n",
        ),
        "The same as YAML, as a person reads it.",
        peers=[beside("auger", contender=lambda path: auger_decode(path, few, units))],
        aim=5,
    )  # fmt: skip
    deployments = Inputs(folder, "deployment", count)
    yield Row(
        "convert",
        "stored Deployments from apps/v1beta1 to apps/v1, one process",
        kstore(
            folder, "", "convert", "--batch", "--to", "apps/v1", "--workers", "1",
            stdin=deployments.lines(), proof=prints(count), units=count, token=b'"value"',
        ),
        "Decoded, defaulted, converted through the hub and written again, byte for byte as an apiserver would store "
        "them. No other program does this outside of an apiserver; the aim is 12,000 a second on one core.",
        limit="A profile of 5,000 Deployments: 36 % of the time writes the object, 24 % reads it, 19 % defaults it, "
        "10 % converts it through the hub; 8 % are the lines, their JSON and base64. Tried: the generated "
        "readers and writers compiled by mypyc, for 9 % fewer instructions of theirs, and by Cython, for 20 "
        "%, or 41 % with types of C; the bytes of messages copied that no rule looks at, for at most 20 % of "
        "a conversion. All left out: `docs/architecture.md` says why.",
    )  # fmt: skip


def auger_decode(path: str, inputs: Inputs, count: int, *output: str) -> Contender:
    """auger's filter on the same values, in hexadecimal, as it reads many."""
    words = ("decode", "--batch-process", *output)
    return Contender(
        "auger", (path, *words), f"auger {' '.join(words)}", prints(count), count, stdin=inputs.hex(), token=b"OK|"
    )
