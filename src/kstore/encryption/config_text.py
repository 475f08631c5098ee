"""
The text of a configuration file, YAML or JSON, as the apiserver's strict decoder takes it.

Knows that a key must not stand twice, that dates are strings (as go-yaml has them), and that no message may
show a piece of the file: secrets stand in it.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from kstore.errors import EncryptionConfigError
from kstore.yaml_limits import YamlLimit, check_yaml


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader without dates, strict about keys, and with all booleans of YAML 1.1, as go-yaml has them."""

    bool_values = {**yaml.SafeLoader.bool_values, "y": True, "n": False}  # noqa: RUF012

    yaml_implicit_resolvers = {  # noqa: RUF012 - as PyYAML declares it
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """A mapping whose keys are strings, each of them once."""
        seen = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.value in seen:
                raise yaml.constructor.ConstructorError(None, None, "a key twice", key_node.start_mark)
            seen.add(key_node.value)
        return super().construct_mapping(node, deep=deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^[yYnN]$"), list("yYnN"))


def load_text(data: bytes | str, where: str) -> Any:
    """
    The first document of the text; the apiserver does not look at further ones.

    Raises:
        EncryptionConfigError: it is empty, or neither YAML nor JSON; says the line and column.
    """
    text, fault = _decode(data)
    document, fault = (None, fault) if fault else _parse(text)
    # Raised here, outside of any handler: a parser's own error quotes the file, and must not be chained to.
    if fault or document is None:
        raise EncryptionConfigError(
            fault or "is empty",
            where=where,
            hint="kubectl's documentation of EncryptionConfiguration shows one",
        )
    return document


def _decode(data: bytes | str) -> tuple[str, str]:
    if isinstance(data, str):
        return data, ""
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError as error:
        return "", f"is not UTF-8 at byte {error.start}"


def _parse(text: str) -> tuple[Any, str]:
    """The document, or why there is none."""
    try:
        check_yaml(text)
        loader = _Loader(text)
        try:
            return loader.get_data(), ""
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        twice = error.problem == "a key twice"
        return None, ("a field stands there twice, or is no string" if twice else "is not YAML") + place
    except yaml.YAMLError:
        return None, "is not YAML: it holds characters that YAML does not allow"
    except YamlLimit as error:
        return None, f"is not YAML that can be read: {error}"
    except RecursionError:
        return None, "is not YAML that can be read: nested too deeply"
    except ValueError:
        return None, "is not YAML that can be read: it holds an impossible number"
