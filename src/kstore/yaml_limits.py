"""
How far YAML may nest, and how much its aliases may stand for, before it is refused.

A text of a kilobyte can stand for more values than there is memory ("a billion laughs"). The rule is that of yaml.v2,
which the apiserver reads with (`go.yaml.in/yaml/v2/decode.go`, allowedAliasRatio). Knows neither values nor tags.
"""

from __future__ import annotations

from typing import Final

MAX_DEPTH: Final = 300
"""Levels of nesting; what people write has a tenth of that."""
_FREE_NODES, _FREE_ALIASED = 1_000, 100
"""Below this nobody counts."""
_FEW, _MANY = 400_000, 4_000_000
_FEW_RATIO, _MANY_RATIO = 0.99, 0.10
"""The share of nodes that may come from aliases: nearly all of a small document, a tenth of a large one."""


class AliasBudget:
    """Counts the nodes of a document, those that aliases stand for again each time."""

    def __init__(self) -> None:
        self.nodes = 0
        self._aliased = 0

    def add(self, nodes: int = 1, *, aliased: bool = False) -> bool:
        """Count nodes; False when the aliases stand for more than they may."""
        self.nodes += nodes
        self._aliased += nodes if aliased else 0
        if self._aliased <= _FREE_ALIASED or self.nodes <= _FREE_NODES:
            return True
        return self._aliased / self.nodes <= self._ratio()

    def _ratio(self) -> float:
        if self.nodes <= _FEW:
            return _FEW_RATIO
        if self.nodes >= _MANY:
            return _MANY_RATIO
        return _FEW_RATIO - (_FEW_RATIO - _MANY_RATIO) * (self.nodes - _FEW) / (_MANY - _FEW)


class YamlLimit(ValueError):
    """
    A text that goes beyond what is read. Its words never show a piece of the text, where secrets may stand.

    Args:
        problem: what it is too much of.
        line: counted from 1.
    """

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(f"{problem} at line {line}")


def check_yaml(text: str, *, most: int = 0) -> None:
    """
    See that a text can be handed to PyYAML's own loaders, which recurse and copy as far as the text says.

    What is no YAML at all is left to them to say.

    Args:
        text: one document or several.
        most: how many values a document may have, those of its aliases counted each time; 0 for any number.

    Raises:
        YamlLimit: nested too deeply, aliases stand for too much, or too many values.
    """
    import yaml

    loader = yaml.CSafeLoader(text)
    try:
        _walk(loader, most)
    except yaml.MarkedYAMLError as error:
        if "nesting depth" in str(error.problem):  # libyaml has a limit of its own, other readers have none
            mark = error.problem_mark
            raise YamlLimit(f"nested deeper than {MAX_DEPTH} levels", mark.line + 1 if mark else 0) from None
        return
    except yaml.YAMLError:
        return
    finally:
        loader.dispose()


def _walk(loader: object, most: int) -> None:
    import yaml

    budget = AliasBudget()
    sizes: dict[str, int] = {}
    begun: list[tuple[str | None, int]] = []
    """The collections around: each one's anchor, and the nodes before it."""
    while not isinstance(event := loader.get_event(), yaml.StreamEndEvent):  # type: ignore[attr-defined]
        line = event.start_mark.line + 1 if event.start_mark else 0
        whole = True
        if isinstance(event, yaml.DocumentStartEvent):
            budget, sizes, begun = AliasBudget(), {}, []
        elif isinstance(event, yaml.CollectionStartEvent):
            begun.append((event.anchor, budget.nodes))
            whole = budget.add()
            if len(begun) > MAX_DEPTH:
                raise YamlLimit(f"nested deeper than {MAX_DEPTH} levels", line)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = begun.pop()
            if anchor:
                sizes[anchor] = budget.nodes - before
        elif isinstance(event, yaml.ScalarEvent):
            whole = budget.add()
            if event.anchor:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in begun):
                raise YamlLimit("an anchor contains itself", line)
            whole = budget.add(sizes.get(str(event.anchor), 1), aliased=True)
        if not whole:
            raise YamlLimit("aliases stand for too much", line)
        if most and budget.nodes > most:
            raise YamlLimit(f"more than {most} values", line)
