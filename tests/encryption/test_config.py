"""
EncryptionConfiguration files: what is accepted, what is refused and with which words.
"""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from tests.encryption.configurations import ACCEPTED, CBC, REFUSED
from tests.encryption.conftest import configuration, keyed, secret

from kstore.encryption.config import load_configuration, read_configuration
from kstore.encryption.prefix import EncryptionHeader
from kstore.errors import EncryptionConfigError
from kstore.naming import GroupResource


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_an_apiserver_starts_with_is_accepted(name: str) -> None:
    """Each of these configurations is read without a word."""
    read_configuration(ACCEPTED[name])


@pytest.mark.parametrize("name", REFUSED)
def test_what_an_apiserver_refuses_is_refused_with_its_place(name: str) -> None:
    """Each of these configurations is refused; the error names the field and what is wrong with it."""
    text, expected = REFUSED[name]
    with pytest.raises(EncryptionConfigError, match=expected) as caught:
        read_configuration(text, where="enc.yaml")
    assert caught.value.where == "enc.yaml"
    assert caught.value.exit_code == 2


def test_all_faults_are_said_at_once() -> None:
    """Two wrong entries give one error with both places."""
    with pytest.raises(EncryptionConfigError) as caught:
        read_configuration(configuration(("Secrets", CBC), ("pods", "{}")))
    assert "resources[0].resources[0]" in str(caught.value)
    assert "resources[1].providers[0]" in str(caught.value)


@pytest.mark.parametrize("name", REFUSED)
def test_no_error_repeats_a_secret(name: str) -> None:
    """Whatever is wrong with the file, what stands in a `secret` is in no message and no traceback."""
    with pytest.raises(EncryptionConfigError) as caught:
        read_configuration(REFUSED[name][0])
    shown = "".join(traceback.format_exception(caught.value))
    for value in (secret(1), secret(1, 20), secret(1, 16), "hunter2", "1234567890123456"):
        assert value not in shown


def test_keys_are_in_no_representation() -> None:
    """Printing the transformers shows no key, in any notation."""
    transformers = read_configuration(configuration(("secrets", CBC)))
    transformer = transformers.for_resource(GroupResource("", "secrets"))
    shown = f"{transformers!r} {transformer!r} {transformer.__dict__!r}"
    assert secret(1) not in shown
    assert bytes(range(1, 33)).hex() not in shown
    assert r"\x01\x02\x03" not in shown


def test_a_file_is_read(tmp_path: Path) -> None:
    """A file by its path, with or without a byte order mark."""
    path = tmp_path / "enc.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + configuration(("secrets", keyed("aesgcm", ("k", 1)))).encode())
    assert load_configuration(path).for_resource(GroupResource("", "secrets")).target == EncryptionHeader("aesgcm", "k")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """No file, or a folder, is an error of the configuration with its path."""
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(EncryptionConfigError, match="cannot be read") as caught:
            load_configuration(path)
        assert caught.value.where == str(path)
