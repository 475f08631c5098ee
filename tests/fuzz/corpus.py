"""
The seed corpus: a value of every stored kind in each encoding, made from the cases of our own oracle.

    python -m tests.fuzz.corpus        # write corpus.jsonl.xz anew from tests/golden
"""

from __future__ import annotations

import base64
import json
import lzma
from pathlib import Path

from kstore.catalog.releases import newest
from kstore.decode import cbor
from kstore.decode.json.raw_json import plain
from kstore.errors import KstoreError
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

CORPUS = Path(__file__).parent / "corpus.jsonl.xz"
GOLDEN = Path(__file__).parents[1] / "golden"
LARGEST = 3000


def read() -> list[bytes]:
    """The stored values of the corpus."""
    return [base64.b64decode(json.loads(line)["value"]) for line in lzma.decompress(CORPUS.read_bytes()).splitlines()]


def make() -> list[bytes]:
    """The largest value of each kind and version within a limit: in protobuf, and as JSON; some in other forms."""
    codec = ObjectCodec(Scheme(newest()))
    chosen: dict[tuple[str, str], bytes] = {}
    for path in sorted(GOLDEN.glob("k8s-1.37-*.jsonl.xz")):
        for line in lzma.decompress(path.read_bytes()).splitlines():
            case = json.loads(line)
            value = base64.b64decode(case["in"])
            if not case.get("error") and len(value) <= LARGEST:
                key = (case["from"], case["kind"])
                chosen[key] = max(chosen.get(key, b""), value, key=len)
    values = []
    for number, value in enumerate(chosen.values()):
        try:
            shown = codec.decode(value).object
            values += [value, codec.encode(shown, "json")]
        except KstoreError:
            continue  # what has no JSON form at all: raw bytes of a filler
        if number % 8 == 0:
            # built-in kinds are never stored so; their content serves as that of custom resources
            values += [base64.b64encode(value), cbor.dumps({**plain(shown), "apiVersion": "example.com/v1"})]
    return values


if __name__ == "__main__":
    lines = [json.dumps({"value": base64.b64encode(value).decode()}) for value in make()]
    CORPUS.write_bytes(lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(lines)} values, {CORPUS.stat().st_size} bytes")
