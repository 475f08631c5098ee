"""
Stored text as a terminal and a shell may be given it: nothing in it steers the one or runs in the other.

Whoever may create an object chooses names and values; a terminal obeys control characters, lays out by directional
ones, and a shell expands what is pasted into it. Knows characters; not where they are printed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Final

_DIRECTIONAL: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""The bidirectional controls of Unicode (UAX #9): they change the order in which other characters are shown."""
_SEPARATORS: Final = "\u2028\u2029"
_SURROGATES: Final = "\ud800-\udfff"
"""No character: what a shell passed on as bytes that are no UTF-8."""
_UNSAFE: Final = re.compile(f"[\0-\x08\x0b-\x1f\x7f-\x9f{_DIRECTIONAL}{_SEPARATORS}{_SURROGATES}]")
_UNSAFE_IN_KEYS: Final = re.compile(f"[%\0-\x1f\x7f-\x9f{_DIRECTIONAL}{_SEPARATORS}{_SURROGATES}]")
_KUBECTL: Final = {"\x1b": "^[", "\r": "\\r"}
"""As kubectl shows them (`cli-runtime/pkg/printers/terminal.go`)."""
_ENCODED: Final = re.compile(rb"%([0-9a-fA-F]{2})")


def escaped(text: str) -> str:
    """
    A text with what would steer a terminal made visible; line feeds and tabs stay.

    Escape is `^[` and carriage return `\\r`, as with kubectl; every other control, directional or line separating
    character is `\\u` and four hexadecimal digits, as JSON writes it.
    """
    return _UNSAFE.sub(_visible, text)


def one_line(text: str) -> str:
    """A text as it stands in a line among others: `escaped`, and without line feeds and tabs of its own."""
    return escaped(text).replace("\n", "\\n").replace("\t", "\\t")


def is_unsafe(text: str) -> bool:
    """Whether `escaped` would change a text."""
    return _UNSAFE.search(text) is not None


def _visible(match: re.Match[str]) -> str:
    char = match[0]
    return _KUBECTL.get(char) or f"\\u{ord(char):04x}"


def key_text(key: bytes) -> str:
    """
    A key as it is shown: always one line, and `key_bytes` reads the very key back.

    What `escaped` would escape, line feeds, tabs, bytes that are no UTF-8 and `%` are percent-encoded, as in a URL. No
    name of Kubernetes has a `%` (`apimachinery/pkg/api/validation/path/name.go`), so no usual key looks otherwise.
    """
    return _UNSAFE_IN_KEYS.sub(_percent, key.decode("utf-8", "surrogateescape"))


def key_lines(keys: Sequence[bytes]) -> str:
    """Keys as `key_text` has them, a line each: all at once where none needs an escape, which is so nearly always."""
    whole = b"".join(keys)
    if whole.isascii() and whole.decode("ascii").isprintable() and b"%" not in whole:
        return "\n".join([*map(bytes.decode, keys), ""])
    return "".join([f"{key_text(key)}\n" for key in keys])


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogateescape"))


def key_bytes(text: str) -> bytes:
    """
    The key that a text means, as `key_text` writes it; a `%` that two hexadecimal digits do not follow is itself.

    Bytes that a shell passed on although they are no UTF-8 are kept.
    """
    return _ENCODED.sub(lambda match: bytes([int(match[1], 16)]), text.encode("utf-8", "surrogateescape"))


def command_text(*words: str) -> str:
    """A command line to be pasted into a shell: each word that the shell would read otherwise is quoted."""
    return shlex.join(words)
