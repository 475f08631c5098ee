"""
Whole objects of every kind: small ones, to which every field is added that a real server takes.

A field gets a first value by its type. What the server has against it says what to do: what is required is added, what
is not supported is exchanged for what is, what is invalid for the next value that is tried; what is forbidden, or
dropped without a word, is left out.
"""

from __future__ import annotations

import copy
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from tests.golden.seeds import SEEDS, UUID, Object, Seed

from kstore.catalog.json_layout import layout
from kstore.catalog.loader import Catalog
from kstore.catalog.types import INTEGERS, TypeRef
from kstore.naming import GroupVersionKind

Path = tuple[str | int, ...]
Ask = Callable[[Object], tuple[Object | None, list[Object]]]
"""What a server makes of an object, or None and the causes of its refusal."""

TEXTS = (
    "a", "example.com/a", "a.example.com", "/a", "10.96.0.1", "10.96.0.0/24", "https://a.example.com/", "1Gi", "Always",
    UUID, "true", "2020-01-02T03:04:05Z", "v1", "TCP", "object.metadata.name != ''", "a@example.com", "1.2.3",
)  # fmt: skip
VALUES: dict[str, tuple[Any, ...]] = {
    "bool": (True, False),
    "float64": (1, 0.5),
    "bytes": ("YQ==",),
    "Quantity": ("1", "1Gi", "100m"),
    "Time": ("2020-01-02T03:04:05Z",),
    "MicroTime": ("2020-01-02T03:04:05.000006Z",),
    "Duration": ("1m0s",),
    "IntOrString": (80, "50%"),
    "RawExtension": ({"a": "b"},),
    "FieldsV1": ({"f:a": {}},),
    "JSON": ({"a": 1}, "a"),
    "any": ("a",),
}
NUMBERS = (1, 2, 0, 3, 10, 100, 1000, 8080, 86400)
MOST_FIELDS = 220
"""Fields of an object that are tried."""
MOST_REPAIRS = 24
_STEP = re.compile(r"\[([^\]]*)\]|\.?([^.\[]+)")
_SUPPORTED = re.compile(r"supported values: (.*)$")


def seeds(catalog: Catalog) -> Iterator[Object]:
    """The small objects of the kinds that a release serves, in the version that it prefers."""
    done = set()
    for seed in SEEDS:
        version = next((one for one in _served(catalog, seed) if not seed.versions or one in seed.versions), "")
        if not version or (seed.group, seed.kind) in done:
            continue
        done.add((seed.group, seed.kind))
        api_version = f"{seed.group}/{version}" if seed.group else version
        yield {"apiVersion": api_version, "kind": seed.kind, "metadata": {"name": seed.name}, **_filled(seed.body)}


def _served(catalog: Catalog, seed: Seed) -> list[str]:
    """Stable versions first, then those of higher stages and numbers."""
    found = [
        kind.version for kind in catalog.kinds
        if (kind.group, kind.kind) == (seed.group, seed.kind)
        and catalog.serves(GroupVersionKind(kind.group, kind.version, kind.kind))
    ]  # fmt: skip
    return sorted(found, key=lambda one: ("alpha" in one, "beta" in one, -int(re.findall(r"\d+", one)[-1])))


def _filled(body: Any) -> Any:
    """A seed's body with certificates and requests in the places that are kept for them."""
    if isinstance(body, dict):
        return {name: _filled(item) for name, item in body.items()}
    if isinstance(body, list):
        return [_filled(item) for item in body]
    return _made().get(body, body) if isinstance(body, str) and body.startswith("{") else copy.copy(body)


def _made() -> dict[str, str]:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "seed.example.com")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, None)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2050, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, None)
    )  # fmt: skip
    return {
        "{csr}": _text(request.public_bytes(Encoding.PEM)),
        "{certificate}": certificate.public_bytes(Encoding.PEM).decode(),
        "{der csr}": _text(request.public_bytes(Encoding.DER)),
    }


def _text(value: bytes) -> str:
    return b64encode(value).decode()


class Grower:
    """
    Adds fields to an object of one type.

    Args:
        catalog: the release's types.
        type_name: the object's type.
        ask: what the server makes of it.
    """

    def __init__(self, catalog: Catalog, type_name: str, ask: Ask) -> None:
        self._catalog = catalog
        self._type = TypeRef("struct", name=type_name)
        self._ask = ask

    def grown(self, small: Object, members: Callable[[str], bool]) -> Object | None:
        """
        The object with every field that the server takes, as the server answers it; None where it is refused.

        Args:
            small: what to begin with.
            members: which members of the object to add to.
        """
        found = self._repaired(small, ())
        tried: set[Path] = set()
        while found is not None and len(tried) < MOST_FIELDS:
            path = next((one for one in self._absent(found, members) if one not in tried), None)
            if path is None:
                break
            tried.add(path)
            larger = copy.deepcopy(found)
            _put(larger, path, self._first(self._ref(path)))
            answer = self._repaired(larger, path)
            if answer is not None and _get(answer, path) is not None:
                found = answer
        return found

    def _repaired(self, obj: Object, new: Path) -> Object | None:
        """The server's answer to an object that is mended below `new` as long as it has something against it."""
        tries: dict[Path, int] = {}
        obj = copy.deepcopy(obj)
        for _ in range(MOST_REPAIRS):
            answer, causes = self._ask(obj)
            if answer is not None:
                return answer
            mended = [self._mend(obj, new, cause, tries) for cause in causes]
            if not any(mended):
                return None
        return None

    def _mend(self, obj: Object, new: Path, cause: Object, tries: dict[Path, int]) -> bool:
        """Change what a cause speaks of; False where nothing is left to try."""
        path = _steps(cause.get("field", ""))
        reason, message = cause.get("reason", ""), cause.get("message", "")
        if path[: len(new)] != new:
            return False
        ref = self._ref(path)
        if ref is None:
            return False
        if reason in ("FieldValueForbidden", "FieldValueTooMany", "FieldValueDuplicate"):
            return path != new and _drop(obj, path)
        held = _get(obj, path)
        if reason == "FieldValueRequired" and held in (None, "", [], {}):
            at = tries[path] = tries.get(path, -1) + 1
            if ref.form == "struct" and held == {}:  # one of its members is wanted
                names = list(layout(self._catalog, ref.name).members)
                if at >= len(names):
                    return False
                _put(obj, path, {names[at]: self._first(self._ref((*path, names[at])))})
                return True
            return at < 2 and _put(obj, path, self._first(ref))
        values = self._supported(message) or self._values(ref)
        at = tries[path] = tries.get(path, 0) + 1
        if ref.form == "struct" and isinstance(held, dict):
            names = list(layout(self._catalog, ref.name).members)
            if at > len(names):
                return False
            return _put(obj, path, {names[at - 1]: self._first(self._ref((*path, names[at - 1])))})
        if at > len(values):
            return False
        return _put(obj, path, values[at - 1 if self._supported(message) else at % len(values)])

    def _supported(self, message: str) -> tuple[Any, ...]:
        found = _SUPPORTED.search(message)
        return tuple(re.findall(r'"([^"]*)"', found[1])) if found else ()

    def _absent(self, obj: Object, members: Callable[[str], bool]) -> Iterator[Path]:
        """The places of fields that an object does not have, outer ones first."""
        waiting: list[tuple[Path, TypeRef, Any]] = [((), self._type, obj)]
        while waiting:
            path, ref, value = waiting.pop(0)
            if ref.form == "struct" and isinstance(value, dict):
                for name, field in layout(self._catalog, ref.name).members.items():
                    if name in ("kind", "apiVersion", "metadata", "") or (not path and not members(name)):
                        continue
                    here = (*path, name)
                    if value.get(name) is None:
                        yield here
                    else:
                        waiting.append((here, field.type, value[name]))
            elif ref.element is not None and isinstance(value, list) and value:
                waiting.append(((*path, 0), ref.element, value[0]))

    def _ref(self, path: Path) -> Any:
        """The type at a place; None where it is none that the catalog knows."""
        ref: TypeRef | None = self._type
        for step in path:
            if ref is None:
                return None
            if ref.form == "struct":
                field = layout(self._catalog, ref.name).members.get(str(step))
                ref = field.type if field else None
            else:
                ref = ref.element
        return ref

    def _values(self, ref: TypeRef) -> tuple[Any, ...]:
        if ref.form in ("struct", "union"):
            return ({},)
        if ref.form == "map" and ref.element is not None:
            return tuple({"a": one} for one in self._values(ref.element))
        if ref.element is not None:
            return tuple([one] for one in self._values(ref.element))
        if ref.name in INTEGERS:
            return NUMBERS
        return TEXTS if ref.name == "string" else VALUES[ref.name]

    def _first(self, ref: TypeRef) -> Any:
        return copy.deepcopy(self._values(ref)[0])


def _steps(text: str) -> Path:
    """`spec.ports[0].name`, as a server names a field, in steps."""
    found: list[str | int] = []
    for inner, name in _STEP.findall(text):
        found.append(int(inner) if inner.isdigit() else inner or name)
    return tuple(found)


def _get(obj: Any, path: Path) -> Any:
    for step in path:
        try:
            obj = obj[step]
        except (KeyError, IndexError, TypeError):
            return None
    return obj


def _put(obj: Any, path: Path, value: Any) -> bool:
    """Set a place, structs on the way made; False where it cannot be."""
    for step, following in pairwise(path):
        if isinstance(obj, dict):
            obj = obj.setdefault(step, [] if isinstance(following, int) else {})
        elif isinstance(obj, list) and isinstance(step, int) and step < len(obj):
            obj = obj[step]
        else:
            return False
    if isinstance(obj, list) and not (isinstance(path[-1], int) and path[-1] < len(obj)):
        return False
    if not path or not isinstance(obj, dict | list):
        return False
    changed = True if isinstance(obj, list) else obj.get(path[-1]) != value
    holder: Any = obj
    holder[path[-1]] = copy.deepcopy(value)
    return changed


def _drop(obj: Any, path: Path) -> bool:
    holder = _get(obj, path[:-1]) if path else None
    if isinstance(holder, dict) and path[-1] in holder:
        del holder[path[-1]]
        return True
    return False
