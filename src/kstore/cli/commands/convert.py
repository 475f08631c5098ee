"""`kstore convert`: stored bytes into those of another version, as a filter."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kstore.cli.batch import Answer, Line, line_text, line_value, run_batch, type_members, value_line
from kstore.cli.crds import Crds, crds_options
from kstore.cli.exit_codes import ExitCode
from kstore.cli.options import codec_options
from kstore.cli.stdin_codec import (
    filter_options,
    key_option,
    open_codec,
    open_value,
    read_values,
    report,
)
from kstore.cli.values import value_output_option, write_values
from kstore.errors import DecodeError, KstoreError

if TYPE_CHECKING:
    from kstore.codec import StorageCodec
    from kstore.naming import GroupVersionKind


@click.command()
@filter_options
@key_option
@click.option("--to", default="", metavar="GROUP/VERSION", help="Default: the version that the release stores.")
@click.option("--media", default="", metavar="TYPE", help="protobuf or json; default: as the apiserver stores it.")
@click.option("--drop-unknown-fields", is_flag=True, help="Drop fields that the release does not know.")
@click.option("--as-server", is_flag=True, help="Also make the changes that a running server makes besides conversion.")
@click.option("--service-family", default="IPv4", show_default=True, type=click.Choice(["IPv4", "IPv6"]),
              metavar="FAMILY", help="With --as-server: the first family of the server's Services.")  # fmt: skip
@crds_options
@value_output_option
@codec_options
def command(
    file: Path | None,
    batch: bool,
    workers: int,
    key: str,
    to: str,
    media: str,
    drop_unknown_fields: bool,
    as_server: bool,
    service_family: str,
    crds: Crds,
    output: str,
) -> int:
    """
    Turn stored bytes into those that a kube-apiserver of the release would store in another version: decoded,
    defaulted, converted through the hub, encoded. The result is never encrypted.

    This applies the scheme only. With --as-server the result is what a running server would store after an update that
    changes nothing, as `kstore migrate` writes it.

    Custom resources need --crds (manifests in a file or folder, or a store); they become what `kstore migrate` writes.

    Objects with fields that the release does not know are rejected, unless you use --drop-unknown-fields. With --batch
    a line {"value": "<base64>", "to": "apps/v1", "media": "protobuf", "key": "/registry/..."} gives a line
    {"apiVersion": ..., "kind": ..., "value": "<base64>"}, or {"error": {"code": ..., "message": ...}}.

    \b
    kstore convert --to apps/v1 deployment.bin > converted.bin
    kstore convert --batch --release 1.29 < values.jsonl
    """
    if batch:
        family = service_family if as_server else ""
        answering = partial(
            _answer, key=key, to=to, media=media, drop_unknown_fields=drop_unknown_fields, family=family, crds=crds
        )
        return run_batch(file, answering, workers)
    with open_codec() as codec:
        convert = _converter(codec, drop_unknown_fields, service_family if as_server else "", crds)
        values, failed = [], False
        for own, value in read_values(file, key):
            try:
                values.append(convert(own, value, to, media)[1])
            except KstoreError as error:
                report(own, error)
                failed = True
        if values:
            write_values(values, output)
        return ExitCode.SOME_SKIPPED if failed else ExitCode.DONE


Convert = Callable[[bytes, bytes, str, str], "tuple[GroupVersionKind, bytes]"]


def _converter(codec: StorageCodec, drop_unknown_fields: bool, family: str, crds: Crds) -> Convert:
    """
    A function that makes of a key, a value, a version and a media type the new type and value.

    Args:
        codec: what converts.
        drop_unknown_fields: drop what the release does not know.
        family: the first family of the Services of the server that is followed; empty for the scheme alone.
        crds: what tells of custom resources.
    """
    from functools import lru_cache

    from kstore.decode.envelope import recognize
    from kstore.naming import parse_group_version
    from kstore.object_codec import PROTOBUF
    from kstore.scheme.registry import RunningServer

    server = RunningServer(family) if family else None
    version = lru_cache(parse_group_version)
    custom = crds.load(codec)

    def convert(key: bytes, value: bytes, to: str, media: str) -> tuple[GroupVersionKind, bytes]:
        opened = open_value(codec, key, value)
        try:
            if custom is not None and recognize(opened.plain) != PROTOBUF:
                decoded = codec.decode(opened.plain)
                if not decoded.type_name:
                    wanted = version(to) if to else None
                    return custom.convert(decoded, wanted, media_type=media, drop_unknown_fields=drop_unknown_fields)
            return codec.convert_typed(
                opened.plain,
                version(to) if to else None,
                media_type=media or None,
                drop_unknown_fields=drop_unknown_fields,
                server=server,
            )
        except DecodeError as error:
            raise opened.doubt(key) or error from None

    return convert


def _answer(
    codec: StorageCodec, *, key: str, to: str, media: str, drop_unknown_fields: bool, family: str, crds: Crds
) -> Answer:
    convert = _converter(codec, drop_unknown_fields, family, crds)

    def answer(line: Line) -> bytes:
        own = line_text(line, "key", key).encode("utf-8", "surrogatepass")
        name, value = convert(own, line_value(line), line_text(line, "to", to), line_text(line, "media", media))
        return value_line(value, type_members(name.api_version, name.kind))

    return answer
