"""
What of an object a jsonpath looks at, so that the rest need not be read.

Where that cannot be told (a wildcard, `..`) it is everything from there on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kstore.view.jsonpath_parser import Field, Filter, Node, Slice, Text, Union

Path = tuple[str, ...]
"""Names of members; lists on the way count for nothing."""

_MAX_DEPTH, _MAX_ENDS = 100, 1_000
"""Beyond these it is not looked for exactly: whatever is below is read."""


class Looked:
    """
    Where a sequence of nodes looks, beginning at one of some places.

    Args:
        nodes: the nodes of a path.
        places: where it begins.
    """

    def __init__(self, nodes: Sequence[Node], places: Iterable[Path]) -> None:
        self.ends: list[Path] = list(places)
        """What it selects."""
        self.asides: list[Path] = []
        """What it looks at to choose among elements, or because it may select anything there."""
        for node in nodes:
            if self._is_beyond(node):
                break  # whatever is below what is selected is read as well
            self._follow(node)

    def _is_beyond(self, node: Node) -> bool:
        """Whether there would be too many places behind a node, or too deep ones, to look for each."""
        if isinstance(node, Union):
            return len(self.ends) * len(node.paths) > _MAX_ENDS
        return any(len(end) >= _MAX_DEPTH for end in self.ends)

    def _follow(self, node: Node) -> None:
        if isinstance(node, Field):
            self.ends = [(*place, node.name) for place in self.ends]
        elif isinstance(node, Union):
            branches = [Looked(path, self.ends) for path in node.paths]
            self.ends = list(dict.fromkeys(end for branch in branches for end in branch.ends))
            self.asides += [aside for branch in branches for aside in branch.asides]
        elif isinstance(node, Filter):
            sides = (node.left,) if node.operator == "exists" else (node.left, node.right)
            for side in sides:
                looked = Looked(side, self.ends)
                self.asides += [*looked.ends, *looked.asides]
        elif isinstance(node, Text):
            self.ends = []
        elif not isinstance(node, Slice):
            self.asides += self.ends  # and so whatever follows is read, too
