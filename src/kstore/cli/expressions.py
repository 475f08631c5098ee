"""
Outputs that take an expression, as kubectl spells them: `-o jsonpath=…`, `-o go-template-file=…`, `--template`.

Every spelling is brought to one here, before a command sees it: `word=expression`. How an expression is carried out is
the business of `view`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol

from kstore.errors import UsageError

_MOST_BYTES: Final = 1 << 20
"""Of a file with a template."""
_MEANT: Final = {
    "jsonpath": "jsonpath",
    "jsonpath-as-json": "jsonpath-as-json",
    "jsonpath-file": "jsonpath",
    "custom-columns": "custom-columns",
    "custom-columns-file": "custom-columns-file",
    "go-template": "go-template",
    "go-template-file": "go-template",
    "template": "go-template",
    "templatefile": "go-template",
}
"""What a spelling comes to. The lines of a file of custom columns are another grammar than the option's."""
_FROM_FILES: Final = frozenset({"jsonpath-file", "custom-columns-file", "go-template-file", "templatefile"})

EXPRESSIONS: Final = tuple(f"{word}=" for word in _MEANT)
"""The outputs that take an expression, as `-o` begins with them."""
EXPRESSION_WORDS: Final = frozenset(_MEANT.values())
"""What `resolved` brings them to."""


class Template(Protocol):
    """An expression, compiled."""

    def render(self, value: Any) -> str:
        """Its text for one object."""

    def render_list(self, objects: Iterable[Any]) -> Iterator[str]:
        """Its text for a List of objects."""


def resolved(output: str, template: str = "") -> str:
    """
    An output with its expression behind an equals sign, read from the file that was named.

    Args:
        output: the word of `-o`, in any of kubectl's spellings.
        template: the value of `--template`, which holds where `-o` has none; alone, it is a go-template.

    Raises:
        UsageError: no expression, or a file that cannot be read.
    """
    word, equals, expression = (output or "go-template").partition("=") if template else output.partition("=")
    if word not in _MEANT:
        if template:
            raise UsageError(f"-o {word} has no use for --template", hint=f"it goes with {', '.join(_MEANT)}")
        return output
    if equals and template:
        raise UsageError(f"-o {word} and --template both give an expression", hint="leave one of them out")
    expression = expression if equals else template
    if not expression:
        raise UsageError(f"-o {word} needs an expression", hint=f"-o {word}=…")
    return f"{_MEANT[word]}={_read(word, expression) if word in _FROM_FILES else expression}"


def _read(word: str, name: str) -> str:
    from pathlib import Path

    from kstore.regular_file import read_regular

    try:
        return read_regular(Path(name), _MOST_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise UsageError(f"the file of -o {word} cannot be read: {reason}", where=name) from None


def compiled(output: str, *, allow_missing_keys: bool = True) -> Template | None:
    """
    The expression of an output, compiled; None where it has none, or is one of columns.

    Args:
        output: as `resolved` gives it.
        allow_missing_keys: a member that is not there is no error.

    Raises:
        UsageError: kubectl would refuse the expression, or it needs what is not supported.
    """
    word, _, expression = output.partition("=")
    if word == "go-template":
        from kstore.view.go_template import GoTemplate

        return GoTemplate(expression, allow_missing_keys=allow_missing_keys)
    if word in ("jsonpath", "jsonpath-as-json"):
        from kstore.view.jsonpath import JsonPath

        path = JsonPath(expression, allow_missing_keys=allow_missing_keys)
        return path if word == "jsonpath" else _AsJson(path)
    return None


class _AsJson:
    """What a jsonpath selects, as JSON."""

    def __init__(self, path: Any) -> None:
        self._path = path

    def render(self, value: Any) -> str:
        """Its text for one object."""
        text: str = self._path.render_json(value)
        return text

    def render_list(self, objects: Iterable[Any]) -> Iterator[str]:
        """Its text for a List of objects."""
        from kstore.view.jsonpath import as_list

        yield self.render(as_list(objects))


def columns_of(output: str) -> Any:
    """
    The columns of `-o custom-columns`, whether they were written or lie in a file.

    Raises:
        UsageError: they cannot be read.
    """
    from kstore.view.custom_columns import parse_columns_file, parse_custom_columns

    word, _, expression = output.partition("=")
    return parse_columns_file(expression) if word == "custom-columns-file" else parse_custom_columns(expression)


def is_columns(output: str) -> bool:
    """Whether an output is a table of columns that a person chose."""
    return output.partition("=")[0] in ("custom-columns", "custom-columns-file")
