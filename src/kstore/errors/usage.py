"""
What was asked for: options, names and releases that cannot be meant, plugins that cannot be loaded, what is not there.
"""

from __future__ import annotations

from collections.abc import Sequence

from kstore.errors.root import KstoreError


class UsageError(KstoreError):
    """What was asked for cannot be meant: an unknown resource, option value or combination."""

    code = "usage"
    exit_code = 2


class ExtraMissing(UsageError):
    """
    Something is asked for whose packages are not installed.

    Args:
        message: what needs which package.
        extra: the extra of kstore that brings it.
        hint: what to do without.
    """

    def __init__(self, message: str, *, extra: str = "", where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.extra = extra


class UnclearPrefix(UsageError):
    """Which cluster of a store is meant is not clear: none is at the prefix given or assumed, or there are several."""


class UnknownResource(UsageError):
    """A name that no built-in type and no CRD of the store answers to."""

    code = "unknown-resource"


class UnknownField(UsageError):
    """
    What is selected by is a field that no object of the resource has.

    Args:
        explained: the path of the nearest type that does not have it, such as `pods.spec`; empty for several resources.
    """

    def __init__(self, message: str, *, explained: str = "", where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.explained = explained


class UnknownRelease(UsageError):
    """A Kubernetes release that the catalog does not hold."""

    code = "unknown-release"


class ExtensionError(KstoreError):
    """
    A package that extends the scheme cannot be loaded, or contradicts itself or what is built in.

    Args:
        package: the installed package, if it is known.
        plugin: the name of its entry point, if it is known.
        rule: the rule at fault, as its module declares it.
        row: the row of the tables at fault: `types: zoo.v1.Cage.Spec`.
        others: what else is wrong with the same plugin.
    """

    code = "extension"

    def __init__(
        self,
        message: str,
        *,
        package: str = "",
        plugin: str = "",
        rule: str = "",
        row: str = "",
        others: Sequence[ExtensionError] = (),
        hint: str = "",
    ) -> None:
        super().__init__(message, where=": ".join(filter(None, (package, rule, row))), hint=hint)
        self.package = package
        self.plugin = plugin
        self.rule = rule
        self.row = row
        self.others = tuple(others)

    @property
    def all(self) -> tuple[ExtensionError, ...]:
        """Everything that is wrong, this first."""
        return self, *self.others

    def of_package(self, package: str, plugin: str, hint: str) -> ExtensionError:
        """The same error, of the plugin of a package."""
        return ExtensionError(
            self.message,
            package=package,
            plugin=plugin,
            rule=self.rule,
            row=self.row,
            others=[one.of_package(package, plugin, hint) for one in self.others],
            hint=hint,
        )


class NotFound(KstoreError):
    """
    The key or object is not in the store.

    Args:
        directory: the nearest directory of keys in which something is stored, if it was looked for.
    """

    code = "not-found"

    def __init__(self, message: str, *, where: str = "", hint: str = "", directory: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.directory = directory


class NotASingleObject(NotFound):
    """What is no object's name where a whole directory or resource may not be meant."""
