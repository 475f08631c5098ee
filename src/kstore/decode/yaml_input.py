"""
YAML and JSON that a person wrote, read strictly and with kubectl's meaning (sigs.k8s.io/yaml's YAMLToJSONStrict).

Knows documents, anchors, merge keys and what a plain scalar means; a name that comes twice is refused. Does not know
what the documents say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kstore.decode.yaml_scalars import resolve_plain
from kstore.errors import DecodeError
from kstore.scalars.go_float import go_g
from kstore.yaml_limits import MAX_DEPTH, AliasBudget

_TAG: Final = "tag:yaml.org,2002:"


def read_documents(text: str | bytes, *, where: str = "") -> Iterator[Any]:
    """
    Yield the values of all documents that are not empty, as plain dicts, lists and scalars.

    Args:
        text: YAML or JSON, in UTF-8 or UTF-16.
        where: the file's name, for errors.

    Raises:
        DecodeError: the text is not YAML, a name comes twice, or something has no JSON form; with line and column.
    """
    import yaml

    loader = yaml.CSafeLoader(text)
    reader = _Reader(loader, where)
    try:
        while not isinstance(event := loader.get_event(), yaml.StreamEndEvent):
            if isinstance(event, yaml.DocumentStartEvent):
                value = reader.document()
                if value is not None:
                    yield value
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise DecodeError(f"not YAML: {error.problem or error.context}{place}", where=where) from None
    except RecursionError:
        raise DecodeError("not YAML: nested too deeply", where=where) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DecodeError(f"not YAML: {str(error).splitlines()[0]}", where=where) from None
    finally:
        loader.dispose()


def read_document(text: str | bytes, *, where: str = "") -> Any:
    """
    The one document of a text.

    Raises:
        DecodeError: as `read_documents`, or there is none, or more than one.
    """
    documents = list(read_documents(text, where=where))
    if len(documents) != 1:
        raise DecodeError(f"expected one document, found {len(documents)}", where=where)
    return documents[0]


class _Reader:
    """Builds the values of one document at a time out of the parser's events."""

    def __init__(self, loader: Any, where: str) -> None:
        self._next = loader.get_event
        self._where = where
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open: set[str] = set()
        self._budget = AliasBudget()

    def document(self) -> Any:
        self._anchors.clear()
        self._budget = AliasBudget()
        return self._value(self._next(), 0)

    def _fail(self, event: Any, problem: str) -> DecodeError:
        mark = event.start_mark
        return DecodeError(f"{problem} at line {mark.line + 1}, column {mark.column + 1}", where=self._where)

    def _value(self, event: Any, depth: int) -> Any:
        """The value that begins with this event; its other events are taken from the parser."""
        import yaml

        if depth > MAX_DEPTH:
            raise self._fail(event, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(event)
        before = self._budget.nodes
        self._count(event, 1)
        if event.anchor:
            self._open.add(event.anchor)
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(depth)
        else:
            value = self._mapping(depth)
        if event.anchor:
            self._open.discard(event.anchor)
            self._anchors[event.anchor] = (value, self._budget.nodes - before)
        return value

    def _count(self, event: Any, nodes: int, *, aliased: bool = False) -> None:
        if not self._budget.add(nodes, aliased=aliased):
            raise self._fail(event, "the document's aliases stand for too much")

    def _aliased(self, event: Any) -> Any:
        if event.anchor in self._open:
            raise self._fail(event, f"anchor {event.anchor!r} contains itself")
        if event.anchor not in self._anchors:
            raise self._fail(event, f"unknown anchor {event.anchor!r}")
        value, size = self._anchors[event.anchor]
        self._count(event, size, aliased=True)
        return value

    def _sequence(self, depth: int) -> list[Any]:
        import yaml

        items = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._value(event, depth + 1))
        return items

    def _mapping(self, depth: int) -> dict[str, Any]:
        import yaml

        mapping: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if _is_merge(event):
                value_event = self._next()
                self._merge(merged, self._value(value_event, depth + 1), value_event)
                continue
            key = self._key(event, depth)
            if key in mapping:
                raise self._fail(event, f"the name {key!r} comes twice in one mapping")
            mapping[key] = self._value(self._next(), depth + 1)
        return {**merged, **mapping} if merged else mapping

    def _merge(self, into: dict[str, Any], value: Any, event: Any) -> None:
        """Take over the entries of a `<<` key; of a list of mappings the first that has a name wins."""
        for source in value if isinstance(value, list) else [value]:
            if not isinstance(source, dict):
                raise self._fail(event, "a merge key (<<) needs a mapping or a list of mappings")
            for key, item in source.items():
                into.setdefault(key, item)

    def _key(self, event: Any, depth: int) -> str:
        """A key as a string, as convertToJSONableObject makes it."""
        key = self._value(event, depth + 1)
        if isinstance(key, str):
            return key
        if isinstance(key, bool):
            return "true" if key else "false"
        if isinstance(key, int):
            return str(key)
        if isinstance(key, float):
            return _float_key(key)
        raise self._fail(event, f"a {'null' if key is None else type(key).__name__} cannot be a name")

    def _scalar(self, event: Any) -> Any:
        tag = event.tag or ""
        if tag == "!" or tag == _TAG + "str" or (not tag and not event.implicit[0]):
            return event.value
        value = resolve_plain(event.value)
        if not tag:
            return self._finite(event, value)
        if tag == _TAG + "float" and type(value) is int:
            return value  # 3.0 and 3 are the same in Go's JSON
        wanted = {"bool": bool, "int": int, "float": float, "null": type(None)}.get(tag.removeprefix(_TAG))
        if wanted is None:
            if tag == _TAG + "binary":
                raise self._fail(event, "write binary data as plain base64: the tag !!binary has no JSON form")
            return event.value
        if type(value) is not wanted:
            raise self._fail(event, f"cannot read {event.value!r} as !!{tag.removeprefix(_TAG)}")
        return self._finite(event, value)

    def _finite(self, event: Any, value: Any) -> Any:
        if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
            raise self._fail(event, f"{event.value} has no JSON form")
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
            return int(value)  # Go writes 1.0 as 1, and reads that as an integer
        return value


def _is_merge(event: Any) -> bool:
    value = getattr(event, "value", None)
    return value == "<<" and (event.implicit[0] or event.tag == _TAG + "merge")


def _float_key(key: float) -> str:
    """A float as a name: FormatFloat(f, 'g', -1, 32), the shortest digits that a float32 needs."""
    import struct

    single: float = struct.unpack("f", struct.pack("f", key))[0]
    for precision in range(1, 10):
        text = f"{single:.{precision}g}"
        if struct.unpack("f", struct.pack("f", float(text)))[0] == single:
            return go_g(float(text))
    return go_g(single)
