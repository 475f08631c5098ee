"""`kstore decode`: stored bytes into objects, as a filter."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.batch import Answer, Line, line_text, line_value, run_batch, type_members
from kstore.cli.crds import Crds, crds_options
from kstore.cli.exit_codes import ExitCode
from kstore.cli.forms import text_of_many, text_of_one
from kstore.cli.listing import write
from kstore.cli.options import codec_options, output_option
from kstore.cli.stdin_codec import (
    filter_options,
    key_option,
    open_codec,
    open_value,
    read_values,
    report,
)
from kstore.errors import KstoreError

if TYPE_CHECKING:
    from kstore.codec import StorageCodec
    from kstore.library.crds import CustomResources
    from kstore.object_codec import Decoded


@click.command()
@filter_options
@key_option
@click.option("--show-secrets", is_flag=True, help="Show the values of Secrets on a terminal, too.")
@crds_options
@output_option(("json", "yaml", "jsonl"), "json")
@codec_options
def command(
    file: Path | None, batch: bool, key: str, workers: int, show_secrets: bool, crds: Crds, output: str
) -> int:  # fmt: skip
    """
    Turn stored bytes into objects, in their stored version, without defaults, with unknown fields. Values of Secrets
    are masked on a terminal only.

    The input is a stored value; its base64 or hex, also as a database prints it; the output of etcdctl get, watch or
    txn (-w simple, json, fields or protobuf), or of the gRPC gateway; protobuf text; or the output of hexdump, xxd or
    od for any of these. Objects that are sent but never stored are decoded, too: Status, DeleteOptions,
    AdmissionReview, WatchEvent.
    With --batch a line {"value": "<base64>", "key": "/registry/..."} (the key may be left out) gives a line
    {"apiVersion": ..., "kind": ..., "encoding": ..., "object": {...}}, or {"error": {"code": ..., "message": ...}}.

    With --crds (manifests in a file or folder, or a store) it is an error if a server with these CRDs could not read a
    custom object: if they lack its kind or version, or if it is malformed.

    \b
    etcdctl get /registry/pods/default/webserver -w json | kstore decode -o yaml
    kstore decode --batch < values.jsonl > objects.jsonl
    """
    if batch:
        return run_batch(file, partial(_answer, key=key, yaml=output == "yaml", crds=crds), workers)
    with open_codec() as codec:
        custom = crds.load(codec)
        return _decode(codec, custom, file, key, output, masks=sys.stdout.isatty() and not show_secrets)


def _open(codec: StorageCodec, custom: CustomResources | None, key: bytes, value: bytes) -> Decoded:
    """
    A value opened and decoded; a custom object as its CRD, if there are any, lets a server read it.

    Raises:
        KstoreError: it cannot be opened, or not be read.
    """
    opened = open_value(codec, key, value)
    try:
        decoded = codec.decode(opened.plain)
        if custom is not None:
            custom.require_readable(decoded)
        return decoded
    except KstoreError as error:
        raise opened.doubt(key) or error from None


def _answer(codec: StorageCodec, *, key: str, yaml: bool, crds: Crds) -> Answer:
    from kstore.decode.json import go_json
    from kstore.decode.protobuf.text import ProtobufText
    from kstore.view.yaml_text import YamlMembers, to_yaml

    members = YamlMembers()
    usual = ProtobufText(codec.scheme.catalog)
    custom = crds.load(codec)

    def decoded(line: Line) -> Decoded:
        return _open(codec, custom, line_text(line, "key", key).encode("utf-8", "surrogatepass"), line_value(line))

    def as_json(line: Line) -> bytes:
        read = usual.read(line_value(line))
        if read is not None:
            name, text = read
            return b'{%b"encoding":"protobuf","object":%b}' % (type_members(name.api_version, name.kind), text)
        found = decoded(line)
        head = type_members(found.gvk.api_version, found.gvk.kind)
        return b'{%b"encoding":"%b","object":%b}' % (head, found.encoding.encode(), go_json.dumps(found.object))

    def as_yaml(line: Line) -> bytes:
        parts = usual.parts(line_value(line))
        if parts is not None:
            name, found = parts
            text = members.text({"apiVersion": name.api_version, "kind": name.kind}, found)
        else:
            text = to_yaml(decoded(line).object)
        return b"---\n" + text.rstrip("\n").encode("utf-8", "replace")

    return as_yaml if yaml else as_json


def _decode(
    codec: StorageCodec, custom: CustomResources | None, file: Path | None, key: str, output: str, *, masks: bool
) -> int:
    """Print the objects of a few values; those that cannot be read are named, and the others printed all the same."""
    from kstore.view.mask import masked

    values = list(read_values(file, key))
    failed = False

    def objects() -> Iterator[dict[str, Any]]:
        nonlocal failed
        for own, value in values:
            try:
                obj = _open(codec, custom, own, value).object
                yield masked(obj, own) if masks else obj
            except KstoreError as error:
                report(own, error)
                failed = True

    write(text_of_many(output, objects()) if len(values) > 1 else (text_of_one(output, obj) for obj in objects()))
    return ExitCode.SOME_SKIPPED if failed else ExitCode.DONE
