"""
How a kube-apiserver is started, as far as that decides in which form it stores and serves: its flags, understood.

Knows the flags' grammar; what a release makes of them is `releases.py`'s and `emulation.py`'s business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from kstore.errors import UsageError

NAMES: Final = (
    "emulated-version", "min-compatibility-version", "feature-gates", "runtime-config", "storage-media-type",
)  # fmt: skip
"""The flags that are understood."""
_COMPONENT = "kube"
"""Versions and gates may be said of a component, and are of this one where they are not."""
_MEDIA_TYPES = {
    "": "", "protobuf": "protobuf", "json": "json",
    "application/vnd.kubernetes.protobuf": "protobuf", "application/json": "json",
}  # fmt: skip
_TRUTH = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
"""What Go's strconv.ParseBool takes, in lower case."""
_WHOLE_STAGES = frozenset({"AllAlpha", "AllBeta"})


@dataclass(frozen=True, slots=True)
class ServerFlags:
    """
    Flags of a kube-apiserver.

    Raises:
        UsageError: a value that a server would not start with, or that says more than is known here.
    """

    emulated_version: str = ""
    """`1.36`; empty for the server's own."""
    min_compatibility_version: str = ""
    """`1.35`; empty for the one before the emulated version."""
    feature_gates: tuple[tuple[str, bool], ...] = ()
    runtime_config: tuple[tuple[str, bool], ...] | None = None
    """Which APIs are served, as `--runtime-config` says it; None where nobody has said how it is set."""
    storage_media_type: str = ""
    """`protobuf` or `json`; empty for the default."""

    @staticmethod
    def of(flags: Mapping[str, str], *, whole: bool = False) -> ServerFlags:
        """
        The flags that are known here.

        Args:
            flags: by name, without dashes; others are passed over.
            whole: these are all that the server was started with, so that what is not among them has its default.
        """
        runtime = flags.get("runtime-config", "" if whole else None)
        media_type = flags.get("storage-media-type", "")
        if media_type not in _MEDIA_TYPES:
            raise UsageError(
                f"--storage-media-type {media_type!r} is not known", hint="protobuf or json, or their media types"
            )
        return ServerFlags(
            _version("emulated-version", flags),
            _version("min-compatibility-version", flags),
            tuple(sorted(_gates(flags.get("feature-gates", "")))),
            None if runtime is None else tuple(sorted(_pairs("runtime-config", runtime, "true"))),
            _MEDIA_TYPES[media_type],
        )


def _version(name: str, flags: Mapping[str, str]) -> str:
    """The version of kube in `1.36`, `kube=1.36` or `wardle=1.2,kube=1.36`; empty where it is not there."""
    for part in filter(None, flags.get(name, "").split(",")):
        component, equals, version = part.strip().rpartition("=")
        if equals and component != _COMPONENT:
            continue
        numbers = version.removeprefix("v").split(".")
        if len(numbers) < 2 or not all(number.isdigit() for number in numbers):
            raise UsageError(f"--{name} {version!r} is no version", hint="such as 1.36")
        return ".".join(numbers[:2])
    return ""


def _gates(text: str) -> Iterator[tuple[str, bool]]:
    for name, value in _pairs("feature-gates", text, ""):
        component, colon, gate = name.rpartition(":")
        if colon and component != _COMPONENT:
            continue
        if gate in _WHOLE_STAGES:
            raise UsageError(
                f"--feature-gates {gate}: which gates that sets is not known here",
                hint="name those that decide about defaults: `Release.known_gates` has them, by release",
            )
        yield gate, value


def _pairs(flag: str, text: str, when_empty: str) -> Iterator[tuple[str, bool]]:
    """`A=true,B=false` as pairs; `A` alone is `A=` and what `when_empty` says."""
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, value = part.partition("=")
        truth = _TRUTH.get((value or when_empty).lower())
        if truth is None or not name:
            raise UsageError(f"--{flag} {part!r} is not understood", hint="NAME=true or NAME=false, joined by commas")
        yield name, truth
