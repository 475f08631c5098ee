"""`kstore encode`: objects into stored bytes, as a filter."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.batch import Answer, line_text, run_batch, value_line
from kstore.cli.hints import OBJECT_EXPECTED
from kstore.cli.options import codec_options
from kstore.cli.stdin_codec import filter_options, open_codec, read_input
from kstore.cli.values import value_output_option, write_values
from kstore.errors import UsageError

if TYPE_CHECKING:
    from kstore.object_codec import ObjectCodec


@click.command()
@filter_options
@click.option("--media", default="", metavar="TYPE", help="protobuf or json; default: as the apiserver stores it.")
@value_output_option
@codec_options
def command(file: Path | None, batch: bool, workers: int, media: str, output: str) -> int:
    """
    Turn objects (JSON or YAML) into stored bytes, in their own version, without defaults, with unknown fields.

    Custom resources, CRDs and APIServices are stored as JSON, everything else as protobuf, unless --media says
    otherwise. With --batch a line {"object": {...}, "media": "protobuf"} gives a line {"value": "<base64>"}, or
    {"error": {"code": ..., "message": ...}}.

    \b
    kstore encode pod.yaml | etcdctl put /registry/pods/default/webserver
    kstore encode pod.yaml -o base64
    """
    if batch:
        return run_batch(file, partial(_answer, media=media), workers)
    with open_codec() as codec:
        from kstore.decode.yaml_input import read_documents

        where = str(file) if file else "standard input"
        documents = read_documents(read_input(file), where=where)
        objects = [obj for one in documents if one is not None for obj in _members(one)]
        if not objects:
            raise UsageError("there is no object", hint="give one in JSON or YAML")
        write_values([_encode(codec, obj, media) for obj in objects], output)
        return 0


def _members(document: Any) -> list[Any]:
    """The objects of a `v1 List`, which is itself stored nowhere; else the one object."""
    if isinstance(document, dict) and (document.get("apiVersion"), document.get("kind")) == ("v1", "List"):
        return document.get("items") or []
    return [document]


def _answer(codec: ObjectCodec, *, media: str) -> Answer:
    return lambda line: value_line(_encode(codec, line.get("object"), line_text(line, "media", media)))


def _encode(codec: ObjectCodec, obj: Any, media: str) -> bytes:
    """
    The stored bytes of an object.

    Raises:
        KstoreError: it is none, or does not fit its type.
    """
    if not isinstance(obj, dict):
        raise UsageError("there is no object" if obj is None else "this is not an object", hint=OBJECT_EXPECTED)
    if (obj.get("apiVersion"), obj.get("kind")) == ("v1", "List"):
        raise UsageError("a v1 List is stored nowhere", hint="give its items, one by one")
    return codec.encode(obj, media or _media_type(codec, obj))


def _media_type(codec: ObjectCodec, obj: dict[str, Any]) -> str:
    """The encoding in which an apiserver stores an object: custom resources are JSON."""
    from kstore.catalog.sent_kinds import is_watch_event
    from kstore.naming import gvk

    if is_watch_event(obj):
        return "protobuf"
    name = gvk(str(obj.get("apiVersion")), str(obj.get("kind")))
    return codec.scheme.media_type(name.group) if codec.scheme.catalog.has_kind(name) else "json"
