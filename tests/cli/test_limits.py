"""
What is too deep, too large or blown up by aliases, and what is not verified: said, in time, and as what it is.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from kstore.cli.main import run

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + level)}: &{chr(98 + level)} [{', '.join(['*' + chr(97 + level)] * 9)}]\n" for level in range(9)
)
"""A billion laughs: 700 bytes that stand for three billion values."""
MERGED = "a: &a {k: v}\n" + "".join(
    f"{chr(98 + level)}: &{chr(98 + level)} {{<<: [{', '.join(['*' + chr(97 + level)] * 9)}]}}\n" for level in range(9)
)
DEEP = "a: " + "[" * 5_000 + "]" * 5_000 + "\n"
DEEPER = "- " * 5_000 + "1\n"
LOOP = "a: &a [*a]\n"
TEXTS = {"bomb": BOMB, "merged": MERGED, "deep": DEEP, "deeper": DEEPER, "loop": LOOP}


@pytest.fixture
def standard_input(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """Bytes to read from standard input."""
    content = io.BytesIO()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(content))
    return content


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_config_file_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A config file that would not end is a usage error that names it."""
    path = tmp_path / "config.yaml"
    path.write_text(text)
    monkeypatch.setenv("KSTORE_CONFIG", str(path))
    assert run(["--context", "a", "ls"]) == 2
    said = capsys.readouterr().err
    assert str(path) in said
    assert "fault of kstore" not in said


@pytest.mark.parametrize("value", ["2026-99-99", "9" * 5_000])
def test_values_that_are_none(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A date that is none, and a number of too many digits, are faults of the file."""
    path = tmp_path / "config.yaml"
    path.write_text(f"contexts: {{a: {{store: {value}}}}}\n")
    monkeypatch.setenv("KSTORE_CONFIG", str(path))
    assert run(["--context", "a", "ls"]) == 2
    assert "the config file cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_an_encryption_configuration_is_refused(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So is an EncryptionConfiguration, without a piece of it in the message."""
    path = tmp_path / "encryption.yaml"
    path.write_text(text.replace("x", "topsecret"))
    assert run(["--store", "demo", "--encryption-provider-config", str(path), "ls", "secrets"]) == 2
    said = capsys.readouterr().err
    assert str(path) in said
    assert "topsecret" not in said
    assert "fault of kstore" not in said


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_is_to_be_encoded_is_refused(
    text: str, standard_input: io.BytesIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """An object that a person gives is read within the same bounds."""
    standard_input.write(text.encode())
    standard_input.seek(0)
    assert run(["encode"]) == 3
    said = capsys.readouterr().err
    assert "standard input" in said
    assert "fault of kstore" not in said


@pytest.mark.large
@pytest.mark.parametrize("depth", [2_000, 9_000, 100_000])
@pytest.mark.parametrize("command", [["decode"], ["decode", "-o", "yaml"], ["convert", "--to", "v1"]])
def test_deep_values(
    depth: int, command: list[str], standard_input: io.BytesIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """A deep value is read as deep as Go reads, and beyond that is an error of the value."""
    standard_input.write(b'{"apiVersion":"e.io/v1","kind":"Foo","metadata":{"name":"a"},"data":')
    standard_input.write(b'{"a":' * depth + b"1" + b"}" * depth + b"}")
    standard_input.seek(0)
    code = run(command)
    said = capsys.readouterr().err
    assert code == (0 if command[0] == "decode" and depth < 10_000 else 3), said
    assert "fault of kstore" not in said


# ---- servers that are not verified


def warned(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The warnings of a command line that finds nobody."""
    run([*arguments, "--dial-timeout", "100ms", "--command-timeout", "200ms", "ls"])
    return [line for line in capsys.readouterr().err.splitlines() if "is not verified" in line]


@pytest.mark.parametrize("address", ["https://127.0.0.1:1", "etcd2+https://127.0.0.1:1"])
def test_unverified_servers_are_loud(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each way that turns the verification off is said on standard error, with the name of who asked for it."""
    monkeypatch.setenv("KSTORE_CONFIG", str(tmp_path / "config.yaml"))
    assert warned(["--store", address], capsys) == []
    (line,) = warned(["--store", address, "--insecure-skip-tls-verify"], capsys)
    assert "(--insecure-skip-tls-verify)" in line
    assert "127.0.0.1:1" in line
    (tmp_path / "config.yaml").write_text(
        f'contexts: {{old: {{store: "{address}", insecure-skip-tls-verify: true}}, '
        f'plain: {{store: "http://127.0.0.1:1"}}}}\n'
    )
    (line,) = warned(["--context", "old"], capsys)
    assert f"context old of {tmp_path}/config.yaml" in line
    assert warned(["--context", "plain"], capsys) == []
    monkeypatch.setenv("ETCDCTL_INSECURE_SKIP_TLS_VERIFY", "true")
    (line,) = warned(["--store", address], capsys)
    assert "$ETCDCTL_INSECURE_SKIP_TLS_VERIFY" in line
    assert warned(["--store", "demo"], capsys) == []
    assert warned(["--store", "http://127.0.0.1:1"], capsys) == []


@pytest.mark.parametrize("time", ["nan", "inf", "0", "-5", "1e99"])
def test_times_that_are_none(time: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A time in which nothing can be done, or without end, is a usage error."""
    assert run(["--store", "http://127.0.0.1:1", "--command-timeout", time, "ls"]) == 2
    assert "is not a duration" in capsys.readouterr().err
