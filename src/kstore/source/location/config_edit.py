"""
The config file changed: a context made, changed, renamed or removed, or another one made the current one.

Keeps the form the file has (a map of contexts, or kubeconfig's list) and what it does not know. Comments stay only
where nothing but the current context changes: YAML is written anew else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from kstore.errors import UsageError
from kstore.new_file import NewFile
from kstore.source.location.config_file import CURRENT, Contexts, contexts_of, parsed, read_text

_CURRENT_LINE: Final = re.compile(rf"^{CURRENT}:.*$", re.MULTILINE)


class ConfigDocument:
    """
    A config file while it is changed; nothing is written before `save`.

    Args:
        path: the file, which need not be there.

    Raises:
        UsageError: it cannot be read as a config file.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.realpath(path))
        self._text = read_text(path) or ""
        self._content: dict[str, Any] = parsed(self._text, path)
        self.contexts  # noqa: B018 - what is no config file is not changed

    @property
    def contexts(self) -> Contexts:
        """What the file says by now."""
        return contexts_of(self._content, self.path)

    def use(self, name: str) -> None:
        """
        Make a context the current one.

        Raises:
            UsageError: there is none of that name, or it is not right.
        """
        self.contexts.named(name)
        self._content[CURRENT] = name

    def put(self, name: str, members: Mapping[str, Any]) -> bool:
        """
        Set members of a context, which is made if it is not there; say whether it was made.

        Raises:
            UsageError: what comes of it is not right.
        """
        entries = self.contexts.entries
        made = name not in entries
        self._set(name, {**entries.get(name, {}), **members})
        self.contexts.named(name)
        return made

    def rename(self, old: str, new: str) -> None:
        """
        Give a context another name, also where it is the current one.

        Raises:
            UsageError: there is none of that name, or one of the other.
        """
        if new in self.contexts.entries:
            raise UsageError(f"there is a context {new!r} already", where=str(self.path))
        self._require(old)
        contexts = self._content["contexts"]
        if isinstance(contexts, list):
            next(one for one in contexts if str(one["name"]) == old)["name"] = new
        else:
            self._content["contexts"] = {new if str(name) == old else name: one for name, one in contexts.items()}
        if self.contexts.current_name == old:
            self._content[CURRENT] = new

    def remove(self, name: str) -> bool:
        """
        Remove a context, and say whether it was the current one, which none is then.

        Raises:
            UsageError: there is none of that name.
        """
        self._require(name)
        contexts = self._content["contexts"]
        if isinstance(contexts, list):
            self._content["contexts"] = [one for one in contexts if str(one["name"]) != name]
        else:
            self._content["contexts"] = {key: one for key, one in contexts.items() if str(key) != name}
        if self.contexts.current_name != name:
            return False
        del self._content[CURRENT]
        return True

    def save(self) -> None:
        """
        Write the file, for its owner only; it is replaced at once, or not at all.

        Raises:
            UsageError: it cannot be written, or somebody else has changed it since it was read.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with NewFile(self.path) as file:
                file.write(self._as_text().encode())
                if (read_text(self.path) or "") != self._text:
                    raise UsageError("the config file was changed meanwhile", where=str(self.path), hint="try again")
                file.publish()
        except OSError as error:
            raise UsageError(f"the config file cannot be written: {error.strerror}", where=str(self.path)) from error

    def _as_text(self) -> str:
        import yaml

        current = yaml.safe_dump({CURRENT: self._content.get(CURRENT)}, allow_unicode=True).strip()
        same, count = _CURRENT_LINE.subn(lambda _: current, self._text)
        if count == 1 and parsed(same, self.path) == self._content:
            return same
        return yaml.safe_dump(self._content, sort_keys=False, allow_unicode=True)

    def _require(self, name: str) -> None:
        if name not in self.contexts.entries:
            self.contexts.named(name)  # says which there are

    def _set(self, name: str, entry: dict[str, Any]) -> None:
        contexts = self._content.get("contexts")
        if not isinstance(contexts, list):
            key = next((key for key in contexts or {} if str(key) == name), name)
            self._content["contexts"] = {**(contexts or {}), key: entry}
            return
        found = next((one for one in contexts if str(one["name"]) == name), None)
        if found is None:
            contexts.append({"name": name, "context": entry})
        else:
            found["context"] = entry
