"""
Label selectors: `app=web,tier in (front, back),!canary`, read, printed and matched exactly as kubectl does.

Knows the grammar and the rules of `apimachinery/pkg/labels/selector.go` and the LabelSelector of the API
(`apimachinery/pkg/apis/meta/v1/helpers.go`); which objects are asked is the caller's business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kstore.errors import UsageError

Operator = Literal["=", "==", "!=", "in", "notin", "exists", "!", "gt", "lt"]

LONGEST = 100_000
"""Characters of a selector that a person writes."""
MOST_TERMS = 1_000
"""Terms of one, each of which every object is asked."""
_BINARY_OPERATORS = "in, notin, =, ==, !=, gt, lt"
_OPERATOR_TEXT = {"in": " in ", "notin": " notin ", "gt": ">", "lt": "<"}
_API_OPERATORS: dict[str, Operator] = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}

_HINT = "write app=web, app!=web, 'app in (web,api)', 'app notin (web)', app, '!app', 'size>3' or 'size<3'"
_CHARACTERS = "up to 63 of letters, digits, '-', '_' and '.', with a letter or digit at both ends"
_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\Z")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_INT64 = range(-(1 << 63), 1 << 63)


class SelectorError(UsageError):
    """A selector that the apiserver would refuse."""

    code = "selector"


def check_label_key(key: str) -> str:
    """What is wrong with a label key, or nothing (`api/validate/content/kube.go`, IsLabelKey)."""
    prefix, slash, name = key.rpartition("/")
    if "/" in prefix:
        return f"{key!r} is not a label key: more than one slash"
    if slash and not (prefix and _size(prefix) <= 253 and _SUBDOMAIN.match(prefix)):
        return f"{key!r} is not a label key: the prefix must be a DNS subdomain"
    if _size(name) > 63 or not _NAME.match(name):
        return f"{key!r} is not a label key: its name must be {_CHARACTERS}"
    return ""


def _size(text: str) -> int:
    """Its bytes; what a terminal sent that is no UTF-8 counts as it was sent."""
    return len(text.encode("utf-8", "surrogateescape"))


def check_label_value(value: str) -> str:
    """What is wrong with a label value, or nothing (IsLabelValue)."""
    if value and (_size(value) > 63 or not _NAME.match(value)):
        return f"{value!r} is not a label value: it must be empty or {_CHARACTERS}"
    return ""


def _integer(text: str) -> int | None:
    """`strconv.ParseInt(text, 10, 64)`, or None."""
    return number if _INTEGER.match(text) and (number := int(text)) in _INT64 else None


@dataclass(frozen=True, slots=True)
class Requirement:
    """One term of a selector; all of them must hold."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()
    _accepted: frozenset[str] = field(init=False, repr=False, compare=False)
    """The values again: a selector may have thousands, and every object is asked."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_accepted", frozenset(self.values))

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels meets the term (`Requirement.Matches`)."""
        value = labels.get(self.key)
        match self.operator:
            case "exists":
                return value is not None
            case "!":
                return value is None
            case "=" | "==" | "in":
                return value is not None and value in self._accepted
            case "!=" | "notin":
                return value is None or value not in self._accepted
        found, limit = _integer(value or ""), _integer(self.values[0])
        if found is None or limit is None:
            return False
        return found > limit if self.operator == "gt" else found < limit

    def __str__(self) -> str:
        if self.operator == "exists":
            return self.key
        if self.operator == "!":
            return f"!{self.key}"
        values = ",".join(sorted(self.values))
        if self.operator in ("in", "notin"):
            values = f"({values})"
        return f"{self.key}{_OPERATOR_TEXT.get(self.operator, self.operator)}{values}"


def requirement(key: str, operator: Operator, values: Sequence[str] = ()) -> Requirement:
    """
    Build a term, under the rules of `labels.NewRequirement`.

    Raises:
        SelectorError: the key or a value is no label's, or their number does not suit the operator.
    """
    faults = [check_label_key(key)]
    if operator in ("in", "notin") and not values:
        faults.append(f"'{operator}' needs at least one value for {key!r}")
    if operator in ("=", "==", "!=", "gt", "lt") and len(values) != 1:
        faults.append(f"'{operator}' needs exactly one value for {key!r}")
    if operator in ("exists", "!") and values:
        faults.append(f"{key!r} takes no values when only its presence is asked")
    if operator in ("gt", "lt"):
        faults += [f"{value!r} must be an integer to be compared" for value in values if _integer(value) is None]
    faults += [check_label_value(value) for value in values]
    if message := "; ".join(filter(None, faults)):
        raise SelectorError(message, hint=_HINT)
    return Requirement(key, operator, tuple(values))


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """Terms that must all hold, ordered by key; none at all selects everything."""

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False
    """Selects nothing, whatever the terms (a LabelSelector that is absent from its object)."""

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Whether an object with these labels is selected."""
        labels = labels or {}
        return not self.nothing and all(term.matches(labels) for term in self.requirements)

    def __str__(self) -> str:
        return ",".join(str(term) for term in self.requirements)


def _selector(terms: Sequence[Requirement]) -> LabelSelector:
    return LabelSelector(tuple(sorted(terms, key=lambda term: term.key)))


# ---- the text that people write

_TOKEN = re.compile(r"[ \t\r\n]*(?:(?P<symbol>[=!(),<>]+)|(?P<word>[^=!(),<> \t\r\n\0]+))(?P<after>\0?)")
_SYMBOLS = frozenset({")", ",", "!", "==", "=", ">", "<", "!=", "("})


def _tokens(text: str) -> list[str]:
    """
    Split a selector into words and symbols; the empty string ends it (`labels.Lexer`).

    A run of symbols yields the first that can grow no further, and the rest is read again. A NUL ends the text where
    a token could begin, but just after one it goes with it, unseen.
    """
    tokens: list[str] = []
    position = 0
    while match := _TOKEN.match(text, position):
        if word := match["word"]:
            tokens.append(word)
            position = match.end()
            continue
        run = match["symbol"]
        symbol = run[:2] if run[:2] in _SYMBOLS else run[0]
        tokens.append(symbol)
        position = match.start("symbol") + len(symbol)
        if symbol == run:
            position = match.end("after")
    return [*tokens, ""]


def check_size(text: str, terms: int = 0) -> None:
    """
    See that a selector is one that a person may have written.

    Raises:
        SelectorError: it is longer, or has more terms; it is not repeated.
    """
    if len(text) > LONGEST:
        raise SelectorError(f"the selector has {len(text)} characters, at most {LONGEST} are read")
    if terms > MOST_TERMS:
        raise SelectorError(f"the selector has more than {MOST_TERMS} terms", hint="'key in (a,b,c)' is one term")


class _Parser:
    """The recursive descent of `labels.Parser`."""

    def __init__(self, text: str) -> None:
        check_size(text)
        self.text = text
        self.tokens = _tokens(text)
        self.position = 0

    @property
    def ahead(self) -> str:
        return self.tokens[self.position]

    def take(self) -> str:
        token = self.ahead
        self.position = min(self.position + 1, len(self.tokens) - 1)
        return token

    def fail(self, found: str, expected: str) -> SelectorError:
        return SelectorError(f"found {found!r}, expected {expected}", where=f"selector {self.text!r}", hint=_HINT)

    def parse(self) -> LabelSelector:
        terms: list[Requirement] = []
        while self.ahead:
            if not (_is_word(self.ahead) or self.ahead == "!"):
                raise self.fail(self.ahead, "!, an identifier, or the end")
            terms.append(self.term())
            check_size(self.text, len(terms))
            separator = self.take()
            if not separator:
                break
            if separator != ",":
                raise self.fail(separator, "',' or the end")
            if not (_is_word(self.ahead) or self.ahead == "!"):
                raise self.fail(self.ahead, "an identifier after ','")
        return _selector(terms)

    def term(self) -> Requirement:
        key = self.take()
        absent = key == "!"
        if absent:
            key = self.take()
        if not _is_word(key):
            raise self.fail(key, "an identifier")
        if fault := check_label_key(key):
            raise SelectorError(fault, where=f"selector {self.text!r}", hint=_HINT)
        if absent:
            return requirement(key, "!")
        if self.ahead in ("", ","):
            return requirement(key, "exists")
        word = self.take()
        match word:
            case "in" | "notin":
                return requirement(key, word, self.values())
            case "=" | "==" | "!=":
                return requirement(key, word, (self.value(),))
            case ">" | "<":
                return requirement(key, "gt" if word == ">" else "lt", (self.value(),))
        raise self.fail(word, f"one of {_BINARY_OPERATORS}")

    def value(self) -> str:
        if self.ahead in ("", ","):
            return ""
        value = self.take()
        if not _is_word(value):
            raise self.fail(value, "an identifier")
        return value

    def values(self) -> list[str]:
        if (token := self.take()) != "(":
            raise self.fail(token, "'('")
        found: set[str] = set()
        last = "("
        while (entry := self.take()) != ")":
            if entry == ",":
                if last in ("(", ","):
                    found.add("")
            elif not _is_word(entry) or _is_word(last):
                raise self.fail(entry, "',', ')' or an identifier")
            else:
                found.add(entry)
            last = entry
        if last in ("(", ","):
            found.add("")
        return sorted(found)


def _is_word(token: str) -> bool:
    return token != "" and token not in _SYMBOLS


def parse_label_selector(text: str) -> LabelSelector:
    """
    Read what `kubectl -l` takes (`labels.Parse`); the empty text selects everything.

    Raises:
        SelectorError: the apiserver would refuse it, or it is too large; the message says what was found and expected.
    """
    return _Parser(text).parse()


def selector_of(selector: Mapping[str, Any] | None) -> LabelSelector:
    """
    The selector that `matchLabels` and `matchExpressions` mean (`metav1.LabelSelectorAsSelector`).

    Raises:
        SelectorError: an operator, key or value that no label has.
    """
    if selector is None:
        return LabelSelector(nothing=True)
    terms = [requirement(key, "=", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        operator = _API_OPERATORS.get(expression.get("operator", ""))
        if operator is None:
            raise SelectorError(f"{expression.get('operator', '')!r} is not an operator of a label selector")
        terms.append(requirement(expression.get("key", ""), operator, expression.get("values") or ()))
    return _selector(terms)


def format_labels(labels: Mapping[str, str] | None) -> str:
    """Labels as kubectl shows them, or `<none>` (`labels.FormatLabels`)."""
    return ",".join(sorted(f"{key}={value}" for key, value in (labels or {}).items())) or "<none>"


def format_selector(selector: Mapping[str, Any] | None, invalid: str = "<error>", empty: str = "<none>") -> str:
    """An object's LabelSelector as kubectl shows it (`metav1.FormatLabelSelector`)."""
    try:
        return str(selector_of(selector)) or empty
    except SelectorError:
        return invalid


Matcher = Callable[[Mapping[str, Any]], bool]
"""Tells whether an object is selected."""


def label_matcher(selector: LabelSelector) -> Matcher:
    """The selector as a test of whole objects."""
    if not selector.requirements and not selector.nothing:
        return lambda _: True
    return lambda obj: selector.matches(_labels(obj))


def _labels(obj: Mapping[str, Any]) -> Mapping[str, str] | None:
    """The labels of an object; none where a custom object holds something else in their place."""
    metadata = obj.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    return labels if isinstance(labels, dict) and all(isinstance(one, str) for one in labels.values()) else None
