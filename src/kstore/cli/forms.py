"""
The forms that `-o` names: which are for people, and which for programs.

One rule for all of them: a form for people is masked and escaped wherever it goes. A form for programs is exact in a
file or pipe; on a terminal, where a person reads it, it is masked and escaped like the others.
"""

from __future__ import annotations

import sys
from typing import Final

_FOR_PROGRAMS: Final = frozenset({
    "json", "jsonl", "table-json", "jsonpath", "jsonpath-as-json", "go-template", "name", "keys", "raw", "base64",
    "sarif", "junit", "csv",
})  # fmt: skip
"""What programs read: nothing in it is hidden from them."""
_WITH_ESCAPES: Final = frozenset({"yaml", "kyaml"})
"""For people and programs: masked, but its syntax is left as it is, which has escapes of its own."""


def is_for_programs(output: str) -> bool:
    """Whether the text of a form, the word of `-o`, is left as it is in a file or pipe."""
    return output.partition("=")[0] in _FOR_PROGRAMS | _WITH_ESCAPES


def masks(output: str) -> bool:
    """Whether Secrets are masked in a form, unless their values are asked for."""
    return output.partition("=")[0] not in _FOR_PROGRAMS or sys.stdout.isatty()
