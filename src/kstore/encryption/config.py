"""
An EncryptionConfiguration file: read, held to the apiserver's rules, and made into `Transformers`.

Knows the file (`apiserver/pkg/apis/apiserver/v1/types_encryption.go`), its defaults and its validation
(`apis/apiserver/validation/validation_encryption.go`). What the keys do is not its business, and no message
repeats what stands in the file where a secret may stand.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kstore.encryption.aes import AesCbc, AesGcm
from kstore.encryption.config_text import load_text
from kstore.encryption.identity import Identity
from kstore.encryption.interface import Algorithm, Cipher, NamedKey
from kstore.encryption.kms import KmsV1, KmsV2
from kstore.encryption.kms_plugin import PluginV1, PluginV2, socket_target
from kstore.encryption.prefix import EncryptionHeader
from kstore.encryption.secretbox import SecretBox
from kstore.encryption.transformers import ANY, Transformers, parse_group_resource, resource_name
from kstore.errors import EncryptionConfigError
from kstore.naming import GroupResource
from kstore.regular_file import read_regular
from kstore.scalars.times import parse_duration

_KINDS = (["apiserver.config.k8s.io/v1", "EncryptionConfiguration"], ["v1", "EncryptionConfig"])
"""The second was only ever in the documentation, and is accepted since (`apis/apiserver/v1/register.go`)."""

_KEYED: dict[str, tuple[Callable[[bytes], Algorithm], tuple[int, ...]]] = {
    "aescbc": (AesCbc, (16, 24, 32)),
    "aesgcm": (AesGcm, (16, 24, 32)),
    "secretbox": (SecretBox, (32,)),
}
"""The providers with keys of their own: their algorithm, and the sizes its keys may have."""
LARGEST = 1 << 20
"""Bytes of a configuration."""
_PROVIDERS = (*_KEYED, "identity", "kms")

_WITHOUT_API = ("apiserveripinfo", "serviceipallocations", "servicenodeportallocations")
DEFAULT_TIMEOUT = "3s"
"""How long a plugin may take; the apiserver gives it as long (`config.go`, `kmsPluginTimeout`)."""
_DEFAULT_CACHE_SIZE = 1000


@dataclass(slots=True)
class _Faults:
    """What is wrong with a file, each with its place, so that all of it is said at once."""

    found: list[str] = field(default_factory=list)

    def add(self, place: str, message: str) -> None:
        self.found.append(f"{place}: {message}" if place else message)

    def mapping(self, value: Any, place: str, known: Sequence[str]) -> dict[str, Any]:
        """The value as a mapping with known fields only; a null is an empty one."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.add(place, f"{_kind(value)} where a mapping belongs")
            return {}
        for name in value:
            if name not in known:
                self.add(place, f"unknown field {name!r} (known are {', '.join(known)})")
        return value

    def sequence(self, value: Any, place: str) -> list[Any]:
        """The value as a list; a null is an empty one."""
        if value is not None and not isinstance(value, list):
            self.add(place, f"{_kind(value)} where a list belongs")
            return []
        return value or []

    def text(self, value: Any, place: str) -> str:
        """The value as a string; a null is an empty one."""
        if value is not None and not isinstance(value, str):
            self.add(place, f"{_kind(value)} where a string belongs: put it in quotes")
            return ""
        return value or ""


def load_configuration(path: str | Path) -> Transformers:
    """
    Read an EncryptionConfiguration file.

    Raises:
        EncryptionConfigError: it cannot be read, or an apiserver would not start with it; says where and why.
    """
    try:
        data = read_regular(Path(path), LARGEST)
    except OSError as error:
        raise EncryptionConfigError(
            f"cannot be read: {error.strerror}", where=str(path), hint="name an EncryptionConfiguration file"
        ) from None
    transformers = read_configuration(data, where=str(path))
    transformers.file = str(path)
    return transformers


def read_configuration(data: bytes | str, *, where: str = "encryption configuration") -> Transformers:
    """
    Read the text of an EncryptionConfiguration, YAML or JSON.

    Args:
        data: the file's content.
        where: what errors call it.

    Raises:
        EncryptionConfigError: an apiserver would not start with it; says where and why.
    """
    document = load_text(data, where)
    faults = _Faults()
    top = faults.mapping(document, "", ("apiVersion", "kind", "resources"))
    if [top.get("apiVersion"), top.get("kind")] not in _KINDS:
        raise EncryptionConfigError(
            "this is no EncryptionConfiguration of apiserver.config.k8s.io/v1",
            where=where,
            hint="it begins with apiVersion: apiserver.config.k8s.io/v1 and kind: EncryptionConfiguration",
        )
    entries = faults.sequence(top.get("resources"), "resources")
    if not entries:
        faults.add("resources", "at least one entry is required")
    by_resource: dict[GroupResource, list[Cipher]] = {}
    plugins: set[str] = set()
    for index, entry in enumerate(entries):
        place = f"resources[{index}]"
        fields = faults.mapping(entry, place, ("resources", "providers"))
        ciphers = _read_providers(fields.get("providers"), f"{place}.providers", plugins, faults)
        for resource in _read_resources(fields.get("resources"), f"{place}.resources", by_resource, faults):
            by_resource.setdefault(resource, []).extend(ciphers)
    if faults.found:
        raise EncryptionConfigError("; ".join(faults.found), where=where)
    return Transformers(by_resource)


def _read_resources(
    value: Any, place: str, earlier: dict[GroupResource, list[Cipher]], faults: _Faults
) -> list[GroupResource]:
    names = [faults.text(name, f"{place}[{i}]") for i, name in enumerate(faults.sequence(value, place))]
    resources = [parse_group_resource(name) for name in names]
    if not names:
        faults.add(place, "at least one resource is required")
    if len(set(resources)) < len(resources):
        faults.add(place, "the same resource is listed twice")
    if _overlap(resources):
        faults.add(place, "a wildcard masks another resource of the same list")
    added: set[GroupResource] = set()
    for index, (name, resource) in enumerate(zip(names, resources, strict=True)):
        if fault := _name_fault(name, resource):
            faults.add(f"{place}[{index}]", f"{name!r}: {fault}")
        for wildcard in (GroupResource(resource.group, "*"), ANY):
            if wildcard in earlier and wildcard not in added:
                faults.add(f"{place}[{index}]", f"{name!r} is masked by the earlier rule {resource_name(wildcard)!r}")
                break
        added.add(resource)
    return resources


def _overlap(resources: Sequence[GroupResource]) -> bool:
    """Whether a wildcard of the list covers another of its entries (`validateResourceOverlap`)."""
    distinct = set(resources)
    if ANY in distinct and len(distinct) > 1:
        return True
    wild = {resource.group for resource in distinct if resource.resource == "*"}
    return any(resource.resource != "*" and resource.group in wild for resource in distinct)


def _name_fault(name: str, resource: GroupResource) -> str:
    """Why the apiserver refuses the name of a resource (`validateResourceNames`), or nothing."""
    if name.lower() != name:
        return "resource names hold no capital letters"
    if name == "*":
        return "write '*.' for all resources of the core group, or '*.*' for all"
    if name in _WITHOUT_API:
        return "what has no REST API cannot be encrypted"
    if resource.group == "events.k8s.io":
        return "Events are stored in the core group: write 'events'"
    if resource.group == "extensions":
        return "the group extensions has been removed and cannot be encrypted"
    if resource.group == "*" and resource.resource != "*":
        return "the same resource across groups cannot be named"
    return ""


def _read_providers(value: Any, place: str, plugins: set[str], faults: _Faults) -> list[Cipher]:
    ciphers: list[Cipher] = []
    entries = faults.sequence(value, place)
    if not entries:
        faults.add(place, "at least one provider is required")
    for index, entry in enumerate(entries):
        here = f"{place}[{index}]"
        fields = faults.mapping(entry, here, _PROVIDERS)
        given = [name for name in _PROVIDERS if fields.get(name) is not None]
        if len(given) != 1:
            expected = f"exactly one of {', '.join(_PROVIDERS)} belongs here"
            empty = " (an empty one is written with braces: {})" if any(name in fields for name in _PROVIDERS) else ""
            faults.add(here, f"{len(given)} providers in one entry: {expected}{'' if given else empty}")
            continue
        name = given[0]
        here = f"{here}.{name}"
        if name == "identity":
            faults.mapping(fields[name], here, ())
            ciphers.append(Identity())
        elif name == "kms":
            ciphers += _read_kms(fields[name], here, plugins, faults)
        else:
            ciphers += _read_keys(name, fields[name], here, faults)
    return ciphers


def _read_keys(provider: str, value: Any, place: str, faults: _Faults) -> list[Cipher]:
    algorithm, sizes = _KEYED[provider]
    ciphers: list[Cipher] = []
    keys = faults.sequence(faults.mapping(value, place, ("keys",)).get("keys"), f"{place}.keys")
    if not keys:
        faults.add(f"{place}.keys", "at least one key is required")
    for index, entry in enumerate(keys):
        here = f"{place}.keys[{index}]"
        fields = faults.mapping(entry, here, ("name", "secret"))
        name = faults.text(fields.get("name"), f"{here}.name")
        secret = _read_secret(faults.text(fields.get("secret"), f"{here}.secret"), f"{here}.secret", sizes, faults)
        if not name:
            faults.add(f"{here}.name", "a key must have a name")
        if name and secret:
            ciphers.append(NamedKey(EncryptionHeader(provider, name), algorithm(secret)))
    return ciphers


def _read_secret(text: str, place: str, sizes: tuple[int, ...], faults: _Faults) -> bytes:
    """The key in a `secret`, or nothing when it is none; its text is never repeated."""
    if not text:
        faults.add(place, "a key must have a secret")
        return b""
    try:
        # Go's decoder passes over line breaks within base64, and nothing else.
        secret = base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        secret = None
    if secret is None:
        faults.add(place, "a secret must be base64")
        return b""
    if len(secret) not in sizes:
        expected = " or ".join(str(size) for size in sizes)
        faults.add(place, f"the secret is {len(secret)} bytes long, expected {expected}")
        return b""
    return secret


def _read_kms(value: Any, place: str, plugins: set[str], faults: _Faults) -> list[Cipher]:
    fields = faults.mapping(value, place, ("apiVersion", "name", "cachesize", "endpoint", "timeout"))
    version = faults.text(fields.get("apiVersion"), f"{place}.apiVersion") or "v1"
    name = faults.text(fields.get("name"), f"{place}.name")
    endpoint = faults.text(fields.get("endpoint"), f"{place}.endpoint")
    seconds = _read_timeout(fields.get("timeout"), f"{place}.timeout", faults)
    cache_size = _read_cache_size(fields.get("cachesize"), version, f"{place}.cachesize", faults)
    if version not in ("v1", "v2"):
        faults.add(f"{place}.apiVersion", f"{version!r}: only v1 and v2 are supported")
    _check_plugin_name(name, version, f"{place}.name", plugins, faults)
    try:
        socket_target(endpoint)
    except ValueError as error:
        faults.add(f"{place}.endpoint", str(error) if endpoint else "a plugin must have an endpoint")
    if version == "v2":
        return [KmsV2(name, PluginV2(name, endpoint, seconds))]
    return [KmsV1(name, PluginV1(name, endpoint, seconds), cache_size=cache_size)]


def _check_plugin_name(name: str, version: str, place: str, plugins: set[str], faults: _Faults) -> None:
    if not name:
        faults.add(place, "a plugin must have a name")
    if version != "v1" and ":" in name:
        faults.add(place, f"{name!r} must not hold a colon")
    if version != "v1" and name in plugins:
        faults.add(place, f"{name!r} is the name of another plugin already")
    plugins.add(name)


def _read_timeout(value: Any, place: str, faults: _Faults) -> float:
    text = faults.text(value, place) or DEFAULT_TIMEOUT
    try:
        seconds = parse_duration(text) / 1e9
    except ValueError as error:
        faults.add(place, str(error))
        return 0.0
    if seconds <= 0:
        faults.add(place, "a timeout must be positive")
    return seconds


def _read_cache_size(value: Any, version: str, place: str, faults: _Faults) -> int:
    if value is None:
        return _DEFAULT_CACHE_SIZE
    if type(value) is not int or not -(2**31) <= value < 2**31:
        faults.add(place, f"{_kind(value)} where a number of 32 bits belongs")
    elif version != "v1":
        faults.add(place, f"is not supported in {version}")
    elif value == 0:
        faults.add(place, "must be positive, or negative to keep nothing")
    return value if type(value) is int else _DEFAULT_CACHE_SIZE


def _kind(value: Any) -> str:
    """What a value is, without saying what it holds."""
    names = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "a mapping",
    }
    return names.get(type(value), "something else")
