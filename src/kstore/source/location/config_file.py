"""
The config file: stores under names of their own, and which of them is the current one.

    current-context: production
    contexts:
      production:
        store: https://10.0.0.1:2379,https://10.0.0.2:2379
        cacert: production/ca.crt        # relative to this file
        cert: production/client.crt
        key: production/client.key
      backup:
        store: /var/backups/etcd/latest.db

The contexts may also stand in a list, as kubeconfig has them: `- name: production`, and its members below `context`.

Knows the file's place and words. A word that it does not know is an error, not something to be passed over.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kstore.errors import UsageError
from kstore.regular_file import read_regular
from kstore.source.options import MAX_SECONDS, SourceOptions

CURRENT = "current-context"
LARGEST = 1 << 20
"""Bytes of a config file."""
_FILES = ("cacert", "cert", "key")
_TEXTS = ("user", "password", "tls-server-name")
_SWITCHES = ("insecure-skip-tls-verify", "serializable")
_SECONDS = ("dial-timeout", "command-timeout")
_ENCRYPTION = "encryption-provider-config"
_OWN = ("store", "etcd-prefix", _ENCRYPTION)
_WORDS = (*_OWN, *_FILES, *_TEXTS, *_SWITCHES, *_SECONDS)


@dataclass(frozen=True, slots=True)
class Context:
    """One named store."""

    store: str
    options: SourceOptions
    etcd_prefix: str
    encryption_config: str
    """The file of its EncryptionConfiguration; empty where there is none."""
    origin: str
    """`context NAME of FILE`, for errors."""


@dataclass(frozen=True, slots=True)
class Contexts:
    """What a config file holds; nothing for one that is not there."""

    path: Path
    entries: Mapping[str, Any] = field(default_factory=dict)
    current_name: str = ""

    def current(self) -> Context | None:
        """
        The current context, or None when the file names none.

        Raises:
            UsageError: it names one that is not there, or is not right.
        """
        return self.named(self.current_name) if self.current_name else None

    def named(self, name: str) -> Context:
        """
        The context of that name.

        Raises:
            UsageError: there is none, or it is not right.
        """
        where = f"{self.path}, context {name}"
        if name not in self.entries:
            known = ", ".join(sorted(self.entries))
            hint = f"there are: {known}" if known else "the config file has no context yet"
            raise UsageError(f"there is no context {name!r}", where=str(self.path), hint=hint)
        entry = self.entries[name]
        if not isinstance(entry, dict) or not isinstance(entry.get("store"), str):
            raise UsageError("a context needs a store", where=where, hint="store: https://HOST:PORT")
        unknown = sorted(str(word) for word in entry if word not in _WORDS)
        if unknown:
            raise UsageError(f"unknown words: {', '.join(unknown)}", where=where, hint=f"known are {', '.join(_WORDS)}")
        for word in _OWN:
            if not isinstance(entry.get(word, ""), str):
                raise UsageError(f"{word} cannot be {entry[word]!r}", where=where)
        encryption = entry.get(_ENCRYPTION, "")
        return Context(
            store=_resolved(entry["store"], self.path),
            options=self._options(entry, where),
            etcd_prefix=entry.get("etcd-prefix", ""),
            encryption_config=str(self._file(encryption)) if encryption else "",
            origin=f"context {name} of {self.path}",
        )

    def _file(self, name: str) -> Path:
        """A file that is named from the config file's folder."""
        return self.path.parent / os.path.expanduser(name)

    def _options(self, entry: dict[str, Any], where: str) -> SourceOptions:
        values: dict[str, Any] = {}
        for word in (*_FILES, *_TEXTS, *_SWITCHES, *_SECONDS):
            if word not in entry:
                continue
            value = entry[word]
            expected = bool if word in _SWITCHES else (int, float) if word in _SECONDS else str
            if not isinstance(value, expected) or (word in _SECONDS and not _is_time(value)):
                raise UsageError(f"{word} cannot be {value!r}", where=where)
            if word in _FILES:
                value = self._file(str(value))
            values[word.replace("-", "_")] = value
        return SourceOptions(**values)


def _is_time(value: Any) -> bool:
    """Whether a number is a time in seconds; YAML has others, and numbers that are none."""
    return not isinstance(value, bool) and 0 < value <= MAX_SECONDS


def _resolved(store: str, path: Path) -> str:
    """A file beside the config file is named as it is from there."""
    beside = path.parent / os.path.expanduser(store)
    return str(beside) if "://" not in store and beside.exists() else store


def config_path(variables: Mapping[str, str]) -> Path:
    """`$KSTORE_CONFIG`, else `kstore/config.yaml` in the XDG config directory."""
    if named := variables.get("KSTORE_CONFIG"):
        return Path(named)
    base = variables.get("XDG_CONFIG_HOME") or Path(variables.get("HOME") or os.path.expanduser("~")) / ".config"
    return Path(base) / "kstore" / "config.yaml"


def read_contexts(path: Path) -> Contexts:
    """
    The contexts of a config file; none if there is no such file.

    Raises:
        UsageError: a file that cannot be read as one.
    """
    text = read_text(path)
    return Contexts(path) if text is None else contexts_of(parsed(text, path), path)


def read_text(path: Path) -> str | None:
    """
    The text of a config file; None if there is no such file.

    Raises:
        UsageError: it cannot be read, or is no text.
    """
    try:
        return read_regular(path, LARGEST).decode()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"the config file cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"the config file is not UTF-8: {error}", where=str(path)) from None


def parsed(text: str, path: Path) -> dict[str, Any]:
    """
    What the text of a config file says, in the form it has.

    Raises:
        UsageError: it is not YAML, or no map.
    """
    import yaml

    from kstore.yaml_limits import check_yaml

    try:
        check_yaml(text)
        content = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise UsageError(f"the config file is not YAML: {error}", where=str(path)) from None
    except RecursionError:
        raise UsageError("the config file is nested too deeply", where=str(path)) from None
    except ValueError as error:  # a limit, a date that is none, a number of too many digits
        raise UsageError(f"the config file cannot be read: {error}", where=str(path)) from None
    if not isinstance(content, dict):
        raise UsageError("the config file is no map", where=str(path))
    return content


def contexts_of(content: dict[str, Any], path: Path) -> Contexts:
    """
    The contexts that a config file names, in a map or in kubeconfig's list.

    Raises:
        UsageError: they are in neither, or two have one name.
    """
    contexts = content.get("contexts") or {}
    if isinstance(contexts, list):
        contexts = _by_name(contexts, path)
    if not isinstance(contexts, dict):
        raise UsageError("the config file has no map `contexts`", where=str(path))
    entries = {str(name): entry for name, entry in contexts.items()}
    return Contexts(path, entries, str(content.get(CURRENT) or ""))


def _by_name(contexts: list[Any], path: Path) -> dict[str, Any]:
    """The contexts of a list by their names."""
    found: dict[str, Any] = {}
    for one in contexts:
        if not isinstance(one, dict) or "name" not in one or not isinstance(one.get("context"), dict):
            raise UsageError(
                "a context in a list needs a name and its members", where=str(path),
                hint="- name: production, and below it context: {store: https://HOST:PORT}",
            )  # fmt: skip
        name = str(one["name"])
        if name in found:
            raise UsageError(f"there are two contexts {name!r}", where=str(path))
        found[name] = one["context"]
    return found
