"""
Each reader of what others made answers, or says what is wrong in a typed error: whole inputs, and damaged ones.

The guided runs (`make fuzz`) look further; what they found is here.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random

import pytest
from tests.fuzz.mutate import mutate
from tests.fuzz.readers import READERS, Reader, close, seeds

_MUTATIONS = 150


@pytest.fixture(autouse=True, scope="module")
def own_files() -> Iterator[None]:
    """The readers' files go when they are done."""
    yield
    close()


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest) -> Reader:
    """Each reader."""
    return READERS[request.param]


def test_whole(reader: Reader) -> None:
    """What its own program made is read."""
    assert seeds(reader.name)
    assert all(reader.attempt(data) for data in seeds(reader.name))


@pytest.mark.large
def test_damaged(reader: Reader) -> None:
    """What was damaged at random is read or refused, and soon."""
    random, began = Random(reader.name), time.process_time()
    whole = seeds(reader.name)
    for _ in range(_MUTATIONS):
        reader.attempt(mutate(random, random.choice(whole)))
    assert time.process_time() - began < 60


@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param("label_selector", b"n>\xff\xff", id="bytes that are no text"),
        pytest.param("label_selector", b"\xff/a=b", id="in a prefix"),
        pytest.param("encryption_configuration", b"apiVersion: [v1]\nkind: {}\n", id="a list as version"),
        pytest.param("pasted", b"\0\n\0\t", id="white space in UTF-16"),
        pytest.param("configuration", b"current-context: a\ncontexts: {null: {}}", id="a context called null"),
        pytest.param("encryption_configuration", b"{apiVersion: v1, kind: [EncryptionConfig]}", id="a list as kind"),
    ],
)
def test_found(name: str, data: bytes) -> None:
    """Inputs that once ended a reader, and are refused."""
    assert not READERS[name].attempt(data)


def test_found_and_taken() -> None:
    """A template whose text is no UTF-8, as a terminal may send it, of which every byte is asked for."""
    assert READERS["jsonpath"].attempt(b'{"\xff".*}')
