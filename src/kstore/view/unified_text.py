"""
Two objects as a unified diff of their YAML, in the form of `git diff`: what reads that reads this (delta, patch).

The values of Secrets are masked; where they differ, that is told, as `kubectl diff` tells it.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from itertools import islice
from typing import Any, Final

from kstore.decode.json.raw_json import plain
from kstore.view.bar_table import Terminal
from kstore.view.mask import MASK, is_secret, masked
from kstore.view.yaml_text import to_yaml

_STYLES: Final = {"+": "green", "-": "red", "@": "cyan"}
_AMONG_SECRETS: Final = "/secrets/"
_MODE: Final = "100644"
"""git's mode of a plain file."""
Objects = tuple[dict[str, Any] | None, dict[str, Any] | None]


def masked_pair(old: dict[str, Any] | None, new: dict[str, Any] | None, key: str) -> Objects:
    """
    Two objects without the values of Secrets: where the two differ, one says `(before)` and the other `(after)`.

    That is how `kubectl diff` masks them (`Masker` in `pkg/cmd/diff/diff.go`).

    Args:
        old: the object before, if there was one.
        new: the object after, if there is one.
        key: where they are.
    """
    objects = [one and plain(one) for one in (old, new)]
    if not any(is_secret(one.get("kind"), key) for one in objects if one):
        return objects[0], objects[1]
    # what is secret of either stays so
    hidden = [one and masked(one, _AMONG_SECRETS) for one in objects]
    if objects[0] is None or objects[1] is None:
        return hidden[0], hidden[1]
    left, right = _told_apart(*objects, *hidden)
    return left, right


def _told_apart(old: Any, new: Any, left: Any, right: Any) -> tuple[Any, Any]:
    """Two masked values, so marked that they differ where the values do."""
    if left == MASK and right == MASK and old != new:
        return f"{MASK} (before)", f"{MASK} (after)"
    if isinstance(left, dict) and isinstance(right, dict):
        pairs = {name: _told_apart(old[name], new[name], left[name], right[name]) for name in left if name in right}
        return (
            {name: pairs[name][0] if name in pairs else value for name, value in left.items()},
            {name: pairs[name][1] if name in pairs else value for name, value in right.items()},
        )
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        found = [_told_apart(*four) for four in zip(old, new, left, right, strict=True)]
        return [one for one, _ in found], [one for _, one in found]
    return left, right


def unified_lines(
    old_name: str, old: dict[str, Any] | None, new_name: str, new: dict[str, Any] | None, terminal: Terminal
) -> Iterator[str]:
    """
    Yield the lines of the unified diff of two objects, with the header of `git diff`; none where they are the same.

    Args:
        old_name: what the old object is called: its key, without the slash in front.
        old: the object before; None where there was none.
        new_name: what the new object is called.
        new: the object after; None where there is none.
        terminal: for its colours.
    """
    texts = ["" if one is None else to_yaml(one) for one in (old, new)]
    if texts[0] == texts[1]:
        return
    before, after = (
        [f"{line}\n" for line in text.split("\n")[:-1]] for text in texts
    )  # a value may hold other line ends
    yield _header(old_name, new_name, terminal)
    if old is None:
        yield terminal.styled(f"new file mode {_MODE}", "bold") + "\n"
    if new is None:
        yield terminal.styled(f"deleted file mode {_MODE}", "bold") + "\n"
    yield terminal.styled("--- /dev/null" if old is None else f"--- a/{old_name}", "bold") + "\n"
    yield terminal.styled("+++ /dev/null" if new is None else f"+++ b/{new_name}", "bold") + "\n"
    for line in islice(unified_diff(before, after), 2, None):  # its own names of the files are left out
        style = _STYLES.get(line[0])
        yield terminal.styled(line.rstrip("\n"), style) + "\n" if style else line


def bytes_differ(old_name: str, new_name: str, note: str, terminal: Terminal) -> Iterator[str]:
    """
    Yield what `git diff` says of files that it does not show, with a reason in front, which such readers pass over.

    Args:
        old_name: what the one is called.
        new_name: what the other is called.
        note: why they are not shown.
        terminal: for its colours.
    """
    if note:
        yield f"# {new_name}: {note}\n"
    yield _header(old_name, new_name, terminal)
    yield f"Binary files a/{old_name} and b/{new_name} differ\n"


def _header(old_name: str, new_name: str, terminal: Terminal) -> str:
    return terminal.styled(f"diff --git a/{old_name} b/{new_name}", "bold") + "\n"
