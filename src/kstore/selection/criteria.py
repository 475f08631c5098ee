"""
What was asked for, before any store is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

from kstore.errors import UsageError


@dataclass(frozen=True, slots=True)
class Criteria:
    """
    Which objects are meant, in the words of the command line.

    Raises:
        UsageError: one namespace and all of them.
    """

    what: tuple[str, ...] = ()
    """Keys, resources and names; empty for everything."""
    namespace: str = ""
    all_namespaces: bool = False
    selector: str = ""
    """Of labels, as `kubectl -l` takes it."""
    field_selector: str = ""
    """Of fields, as `kubectl --field-selector` takes it."""
    stored_version: str = ""
    """A glob of the `group/version` that an object is stored in."""
    where: str = ""
    """An expression in CEL."""

    def __post_init__(self) -> None:
        if not all(text.strip() for text in self.what):  # a shell's variable that is not set must not mean the store
            raise UsageError("an argument is empty", hint="leave it out, or write / for all objects")
        if self.namespace and self.all_namespaces:
            raise UsageError(
                f"one namespace ({self.namespace}) and all of them cannot both be meant",
                hint="`namespace='NAMESPACE'`, or `all_namespaces=True`",
            )

    @property
    def filters(self) -> tuple[str, ...]:
        """Which of these ask about the objects themselves, which must be read for it, by name."""
        return self._given("selector", "field_selector", "stored_version", "where")

    @property
    def given(self) -> tuple[str, ...]:
        """Which of these were given beside `what`, by name, so that who cannot honour them can say which."""
        return (*self._given("namespace", "all_namespaces"), *self.filters)

    def _given(self, *names: str) -> tuple[str, ...]:
        return tuple(name for name in names if getattr(self, name))
