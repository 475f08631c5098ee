"""
The forms that `-o` names, in one table: what each is made of, who reads it, and which function of `view` prints it.

One rule for all of them: a form for people is masked and escaped wherever it goes. A form for programs is exact in a
file or pipe; on a terminal, where a person reads it, it is masked and escaped like the others.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from importlib import import_module
from typing import Any, Final


class Kind(Enum):
    """What a form is made of, which decides which options it has a use for (`outputs.HONOURED`)."""

    TABLE = auto()
    """kubectl's columns."""
    DOCUMENT = auto()
    """Objects, each whole or by its name: a function of `view` prints them."""
    PAGE = auto()
    """A page about each object."""
    STORED = auto()
    """What is stored, not decoded."""
    KEYS = auto()


class Reader(Enum):
    """Who reads a form."""

    PEOPLE = auto()
    PROGRAMS = auto()
    """Nothing in it is hidden from them."""
    BOTH = auto()
    """It is masked, but its syntax is left as it is, which has escapes of its own."""


@dataclass(frozen=True, slots=True)
class Form:
    """An output of `get` and `ls`: one row, and nothing else of the command line knows it by its name."""

    word: str
    """As `-o` has it."""
    kind: Kind
    reader: Reader = Reader.PEOPLE
    many: str = ""
    """`module:function` of `kstore.view`: the text of many objects."""
    one: str = ""
    """The text of one object that stands alone; where there is none, it is a list of one."""
    only_get: bool = False


FORMS: Final = (
    Form("table", Kind.TABLE),
    Form("wide", Kind.TABLE),
    Form("table-json", Kind.TABLE, Reader.PROGRAMS),
    Form("yaml", Kind.DOCUMENT, Reader.BOTH, "documents:yaml_list", "yaml_text:to_yaml"),
    Form("kyaml", Kind.DOCUMENT, Reader.BOTH, "kyaml_text:kyaml_list", "kyaml_text:to_kyaml"),
    Form("json", Kind.DOCUMENT, Reader.PROGRAMS, "documents:json_list", "json_text:to_json"),
    Form("jsonl", Kind.DOCUMENT, Reader.PROGRAMS, "documents:json_lines", "json_text:to_json_line"),
    Form("name", Kind.DOCUMENT, Reader.PROGRAMS, "documents:names"),
    Form("describe", Kind.PAGE, only_get=True),
    Form("raw", Kind.STORED, Reader.PROGRAMS, only_get=True),
    Form("hex", Kind.STORED, only_get=True),
    Form("storage", Kind.STORED, only_get=True),
    Form("keys", Kind.KEYS, Reader.PROGRAMS),
)
"""The outputs of `get` and `ls`; those with an expression are `expressions.py`'s."""
_OTHERS_FOR_PROGRAMS: Final = frozenset(
    {"jsonpath", "jsonpath-as-json", "go-template", "base64", "sarif", "junit", "csv"}
)
"""Expressions, and what other commands print."""

FORMS_OF_GET: Final = tuple(form.word for form in FORMS)
FORMS_OF_LS: Final = tuple(form.word for form in FORMS if not form.only_get)

_READERS: Final = dict.fromkeys(_OTHERS_FOR_PROGRAMS, Reader.PROGRAMS) | {form.word: form.reader for form in FORMS}
_PRINTERS: Final = {form.word: form for form in FORMS if form.many}


def words(kind: Kind) -> frozenset[str]:
    """The words of the forms of a kind."""
    return frozenset(form.word for form in FORMS if form.kind is kind)


def text_of_many(word: str, objects: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The text of many objects in a form of documents."""
    text: Iterator[str] = _printer(_PRINTERS[word].many)(objects)
    return text


def text_of_one(word: str, obj: dict[str, Any]) -> str:
    """The text of one object that stands alone."""
    form = _PRINTERS[word]
    return str(_printer(form.one)(obj)) if form.one else "".join(text_of_many(word, [obj]))


def _printer(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(f"kstore.view.{module}"), function)
    return found


def is_for_programs(output: str) -> bool:
    """Whether the text of a form, the word of `-o`, is left as it is in a file or pipe."""
    return _READERS.get(output.partition("=")[0], Reader.PEOPLE) is not Reader.PEOPLE


def masks(output: str) -> bool:
    """Whether Secrets are masked in a form, unless their values are asked for."""
    return _READERS.get(output.partition("=")[0], Reader.PEOPLE) is not Reader.PROGRAMS or sys.stdout.isatty()
