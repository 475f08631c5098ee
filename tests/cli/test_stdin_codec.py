"""
The filters line by line: a line for every line, in order, as they come; and values however they were printed.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import Any

import pytest
from tests.cli.conftest import Kstore


def line(**members: Any) -> bytes:
    """A line of JSON."""
    return json.dumps(members).encode() + b"\n"


@pytest.fixture(scope="session")
def pod(demo: Kstore) -> bytes:
    """The demo store's Pod as it is stored."""
    return demo("get", "pods/default/webserver", "-o", "raw").out


def test_a_line_for_every_line(kstore: Kstore, pod: bytes) -> None:
    """What cannot be read gives an error in its place, the run goes on and exits 3."""
    value = base64.b64encode(pod).decode()
    lines = [
        line(value=value),
        b"not json\n",
        b"\n",
        b"[]\n",
        line(),
        line(value="?"),
        line(value=5),
        line(value=value),
    ]
    ran = kstore("decode", "--batch", stdin=b"".join(lines))
    assert ran.code == 3
    assert len(ran.lines) == len(lines)
    assert [answer["error"]["code"] if "error" in answer else answer["kind"] for answer in ran.lines] == [
        "Pod", *["usage"] * 6, "Pod"
    ]  # fmt: skip


def test_the_last_line_needs_no_line_feed(kstore: Kstore, pod: bytes) -> None:
    """A file that ends in the middle of its last line loses nothing; an empty one gives nothing."""
    ran = kstore("decode", "--batch", stdin=line(value=base64.b64encode(pod).decode()).rstrip(b"\n"))
    assert ran.code == 0
    assert len(ran.lines) == 1
    assert kstore("decode", "--batch").out == b""


def test_long_lines(kstore: Kstore) -> None:
    """A line much longer than a block is one line."""
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "big"}, "data": {"a": "x" * 900_000}}
    encoded = kstore("encode", "--batch", stdin=line(object=obj, media="protobuf") * 2)
    assert encoded.code == 0
    decoded = kstore("decode", "--batch", stdin=encoded.out)
    assert [answer["object"]["data"] for answer in decoded.lines] == [obj["data"]] * 2


def test_as_a_co_process(pod: bytes) -> None:
    """Another program asks and reads in turn: an answer comes before the next question."""
    with subprocess.Popen(
        [sys.executable, "-m", "kstore", "decode", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(3):
            process.stdin.write(line(value=base64.b64encode(pod).decode()))
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["kind"] == "Pod"
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize("form", ["raw", "base64", "hex", "etcdctl-json", "etcdctl-simple"])
def test_values_however_they_were_printed(kstore: Kstore, pod: bytes, form: str) -> None:
    """Raw bytes, base64, hex, and what etcdctl prints."""
    key = b"/registry/pods/default/webserver"
    printed = {
        "raw": pod,
        "base64": base64.b64encode(pod) + b"\n",
        "hex": pod.hex().encode() + b"\n",
        "etcdctl-json": json.dumps(
            {"header": {}, "kvs": [{"key": base64.b64encode(key).decode(), "value": base64.b64encode(pod).decode()}]}
        ).encode(),
        "etcdctl-simple": key + b"\n" + pod + b"\n",
    }
    ran = kstore("decode", stdin=printed[form])
    assert ran.code == 0
    assert ran.json["metadata"]["name"] == "webserver"


@pytest.mark.parametrize("given", [b"", b"  \n"])
def test_nothing_to_read(kstore: Kstore, given: bytes) -> None:
    """An empty input is an error that says so."""
    ran = kstore("decode", stdin=given)
    assert ran.code == 3
    assert "nothing to read" in ran.err


@pytest.mark.large
@pytest.mark.parametrize("command", [["decode"], ["convert"]])
def test_several_processes_answer_as_one(command: list[str], pod: bytes) -> None:
    """Every line in its place, whoever answered it, errors too."""
    lines = b"".join(
        line(value=base64.b64encode(pod).decode(), key=f"/registry/pods/shop/{n}") if n % 100 else b"not json\n"
        for n in range(5000)
    )
    run = [sys.executable, "-m", "kstore", *command, "--batch", "--workers"]
    alone, together = (subprocess.run([*run, number], input=lines, capture_output=True) for number in ("1", "3"))
    assert (alone.returncode, alone.stderr) == (3, b"")
    assert together.stdout == alone.stdout
    assert alone.stdout.count(b"\n") == 5000
