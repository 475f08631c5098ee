"""
What is wrong with one stored value; such errors travel as values (`Undecodable`, `Skipped`).
"""

from __future__ import annotations

from collections.abc import Sequence

from kstore.errors.root import KstoreError


class ValueFault(KstoreError):
    """The root of what can be wrong with one stored value; such errors travel as values (`Undecodable`)."""

    code = "value"
    exit_code = 3


class DecodeError(ValueFault):
    """
    Bytes that are not what their format says.

    Args:
        offset: the byte in the value at which reading failed, if it is known.
        path: the field path at which reading failed, if it is known.
        quoted: the part of the message that quotes the value; of a Secret it is taken out.
    """

    code = "undecodable"

    def __init__(
        self,
        message: str,
        *,
        offset: int | None = None,
        path: str = "",
        quoted: str = "",
        where: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.offset = offset
        self.path = path
        self.quoted = quoted

    def hide_values(self) -> None:
        """Leave out of the message what it quotes of the value."""
        if self.quoted:
            self.message = self.message.replace(self.quoted, "*****")
            self.args = (self.message,)
            self.quoted = ""

    def __str__(self) -> str:
        place = f" at byte {self.offset}" if self.offset is not None else ""
        field = f" in {self.path}" if self.path else ""
        return super().__str__() + place + field


class RepeatedName(DecodeError):
    """A JSON object that has a name twice: Go would merge the two, and what was meant is for a person to say."""


class UnknownEncoding(DecodeError):
    """A value that begins like no storage encoding that Kubernetes has had."""

    code = "unknown-encoding"


class TerminalDamage(DecodeError):
    """Bytes that came through a terminal, which changed them on the way."""

    code = "terminal-damage"


class EncodeError(ValueFault):
    """
    An object that its type cannot hold: a string where a number belongs, a quantity that is none.

    Args:
        path: the field path of the value.
    """

    code = "unencodable"

    def __init__(self, message: str, *, path: str = "", where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.path = path

    def __str__(self) -> str:
        return super().__str__() + (f" in {self.path}" if self.path else "")


class UnknownKind(ValueFault):
    """A group, version and kind that neither the catalog nor a CRD of the store knows."""

    code = "unknown-kind"


class UnknownFields(ValueFault):
    """
    A conversion that would drop fields the catalog does not know; `paths` names them.

    Args:
        by_way_of: the release that keeps them, if the object is converted to it first.
    """

    code = "unknown-fields"

    def __init__(self, paths: Sequence[str], *, where: str = "", hint: str = "", by_way_of: str = "") -> None:
        super().__init__(f"fields unknown to this release would be dropped: {', '.join(paths)}", where=where, hint=hint)
        self.paths = tuple(paths)
        self.by_way_of = by_way_of


class NotConvertible(ValueFault):
    """The object cannot be had in the version asked for: another hub, or a rule that refuses its content."""

    code = "not-convertible"


class NotServed(NotConvertible):
    """The release's API server does not serve the object, or not in the version asked for."""


class RuleFailed(NotConvertible):
    """
    A plugin's rule raised an exception, or made of an object what its type has no place for.

    Args:
        plugin: the plugin's name.
        rule: the rule, as its module declares it.
        path: the field, where one is at fault.
    """

    code = "rule-failed"

    def __init__(self, message: str, *, plugin: str, rule: str, path: str = "") -> None:
        super().__init__(
            f"plugin {plugin}, rule {rule}: {message}" + (f" in {path}" if path else ""),
            hint="the plugin's author can fix it",
        )
        self.plugin = plugin
        self.rule = rule
        self.path = path
