"""
Generated readers and writers can be followed in a traceback.
"""

from __future__ import annotations

import traceback

import pytest

from kstore import wire
from kstore.catalog.loader import Catalog
from kstore.catalog.releases import Release
from kstore.decode.projection import METADATA
from kstore.decode.protobuf.generated import compiled
from kstore.decode.protobuf.reader import ProtobufReader
from kstore.decode.protobuf.writer import ProtobufWriter
from kstore.errors import DecodeError, EncodeError

CATALOG = Catalog(Release("1.37"))


def generated_frames(error: BaseException | None) -> list[tuple[str, str | None]]:
    """The files and lines of the generated functions in the tracebacks of an error and of what led to it."""
    found: list[tuple[str, str | None]] = []
    while error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        found += [(frame.filename, frame.line) for frame in frames if frame.filename.startswith("<kstore ")]
        error = error.__cause__ or error.__context__
    return found


@pytest.mark.parametrize("type_name", ["meta.v1.ObjectMeta", "core.v1.Pod"])
def test_a_reader_shows_its_lines(type_name: str) -> None:
    """The frames of broken bytes are named after the types, each with the line that failed."""
    with pytest.raises(DecodeError) as caught:
        ProtobufReader(CATALOG).read(type_name, wire.delimited(1, b"ab")[:-1])
    frames = generated_frames(caught.value)
    assert frames
    assert frames[0][0].startswith(f"<kstore reader {type_name}")
    assert all(line for _, line in frames)


def test_a_writer_shows_its_lines() -> None:
    """So do those of an object that does not fit its type, down to the struct that is at fault."""
    with pytest.raises(EncodeError) as caught:
        ProtobufWriter(CATALOG).write("core.v1.Pod", {"metadata": {"name": 1}})
    frames = generated_frames(caught.value)
    assert [name.split(" (")[0].rstrip(">") for name, _ in frames] == [
        "<kstore writer core.v1.Pod",
        "<kstore writer meta.v1.ObjectMeta",
    ]
    assert all(line for _, line in frames)


def test_source_of_one_name_is_told_apart() -> None:
    """Each has its own lines: what is passed over makes another function of the same type."""
    for wanted in (None, METADATA):
        reader = ProtobufReader(CATALOG) if wanted is None else ProtobufReader(CATALOG, projection=wanted)
        assert reader.read("core.v1.Pod", b"") is not None
    first, again, other = (compiled(text, "reader test.Twice") for text in ("a = 1\n", "a = 1\n", "a = 2\n"))
    assert first.co_filename == again.co_filename == "<kstore reader test.Twice>"
    assert other.co_filename == "<kstore reader test.Twice (2)>"
