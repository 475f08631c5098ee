"""
Every error that kstore raises, in one tree, each with its exit code and machine-readable code.

The library raises these and never prints; `cli/main.py` words them, once. An error is built from data (what was
found, what was expected, where, what to try), so that a program can read it as well as a person.

A hint names what helps as it is written in Python, between backquotes: `salvage=True`, `store.history(key)`. The
command line has a table of what these are there (`cli/hints.py`). A message names none: it says what was found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

_PARAMETER: Final = re.compile(r"`(\w+)=[^`]*`")
ENCRYPTION_CONFIG_WANTED: Final = "give the apiserver's `encryption_config=`"
"""What helps wherever an encrypted value is met without the configuration."""


class KstoreError(Exception):
    """
    The root of the tree.

    Args:
        message: what was found and what was expected, in one sentence.
        where: the key, file, endpoint or field path it happened at.
        hint: what to try.
    """

    code = "error"
    exit_code = 1

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters of the library that the hint names, in its order: `("cert", "key")`."""
        return tuple(dict.fromkeys(_PARAMETER.findall(self.hint)))

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors come from other processes too; pickle would not repeat the arguments that were given by name."""
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[KstoreError], args: tuple[Any, ...], state: dict[str, Any]) -> KstoreError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


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


class WorkerLost(KstoreError):
    """A process that was computing for this one has ended by itself."""

    code = "worker-lost"


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


# ---- stores


class SourceError(KstoreError):
    """A store cannot be opened, reached or read."""

    code = "store"


class StoreNotFound(SourceError):
    """No file, directory or server at the address."""

    code = "store-not-found"


class StoreUnreachable(SourceError):
    """No endpoint answers, or none in time."""

    code = "store-unreachable"


class StoreTimedOut(StoreUnreachable):
    """A server was reached, or not even that, and did not answer in time."""

    code = "timed-out"


class BucketNotFound(StoreNotFound):
    """
    There is no such bucket (of Azure: container).

    Args:
        bucket: its name.
    """

    code = "bucket-not-found"

    def __init__(self, message: str, *, bucket: str = "", where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.bucket = bucket


class AccessDenied(SourceError):
    """The server refused the credentials, or they do not permit this."""

    code = "access-denied"


class NotADatabase(SourceError):
    """A file that is not an etcd database or snapshot."""

    code = "not-a-database"


class DamagedStore(SourceError):
    """
    A database file whose pages or checksums do not hold.

    Args:
        offset: the byte in the file where the damage was met, if it is known.
    """

    code = "damaged-store"

    def __init__(self, message: str, *, where: str = "", hint: str = "", offset: int | None = None) -> None:
        super().__init__(message, where=where, hint=hint)
        self.offset = offset


class PartlyRead(SourceError):
    """A damaged store was read as far as it could be; what could not has been named."""

    code = "partly-read"
    exit_code = 3


class Compacted(SourceError):
    """The revision asked for has been compacted away."""

    code = "compacted"

    def __init__(self, message: str, *, compact_revision: int = 0, where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.compact_revision = compact_revision


class FutureRevision(SourceError):
    """The revision asked for is later than the store's own."""

    code = "future-revision"


class NotWritable(SourceError):
    """A store that is only read: a file, a directory, the v2 API."""

    code = "not-writable"
    exit_code = 4


class Unsupported(SourceError):
    """The store does not offer what was asked for (history, leases, watch)."""

    code = "unsupported"


# ---- writes


class ProgramMissing(Unsupported):
    """
    A program that is run to answer is not on the path.

    Args:
        message: what it would be for.
        package: the Python package that brings it.
        hint: what else helps.
    """

    def __init__(self, message: str, *, package: str = "", where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.package = package


class WriteRefused(KstoreError):
    """A guard stopped a write before it happened."""

    code = "refused"
    exit_code = 4


class NotCopyable(WriteRefused):
    """
    A store that is neither written in place nor copied with changes: it holds no database of etcd's.

    Args:
        kind: the kind of the store, such as `directory`.
    """

    def __init__(self, message: str, *, kind: str = "", where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.kind = kind


class Conflict(WriteRefused):
    """Somebody else changed the key since it was read."""

    code = "conflict"


class LeaseGone(Conflict):
    """The lease that a key shall have does not exist, or not any more."""

    code = "lease-gone"


class LeaseExists(Conflict):
    """A lease of that id was to be granted, and there is one."""

    code = "lease-exists"


class NoSpace(WriteRefused):
    """The server has raised its NOSPACE alarm, or the write would make it."""

    code = "no-space"


class RequestTooLarge(WriteRefused):
    """
    A transaction of more operations or bytes than the server takes.

    Args:
        request_bytes: how many bytes the server takes, if it said so.
    """

    code = "too-large"

    def __init__(self, message: str, *, request_bytes: int = 0, where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.request_bytes = request_bytes


class JournalError(KstoreError):
    """A migration journal that is missing, of another version, or damaged."""

    code = "journal"


class JournalExists(JournalError):
    """A new journal shall be made where there is one already: the one in `where`."""


class JournalTaken(JournalError):
    """The name that a new journal shall have is another file's."""


class Interrupted(KstoreError):
    """
    Stopped between two transactions on request; the journal can be resumed.

    Args:
        journal: the journal that the work goes on with, if it has one.
        rolling_back: what was stopped is a rollback.
    """

    code = "interrupted"
    exit_code = 130

    def __init__(
        self, message: str, *, where: str = "", hint: str = "", journal: str = "", rolling_back: bool = False
    ) -> None:
        super().__init__(message, where=where or journal, hint=hint)
        self.journal = journal
        self.rolling_back = rolling_back


# ---- values


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


# ---- encryption at rest


class EncryptionError(ValueFault):
    """
    An encrypted value cannot be opened, or a plain one not be encrypted. Never holds key material or plaintext.

    Args:
        provider: the provider that the value names, such as `aescbc`, if it is known.
        key_name: the name of the key (of the plugin, for `kms`) that the value names, if it is known.
    """

    code = "encryption"

    def __init__(
        self, message: str, *, provider: str = "", key_name: str = "", where: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.provider = provider
        self.key_name = key_name


class EncryptionConfigError(EncryptionError):
    """An EncryptionConfiguration that the apiserver would not start with; the message names each field."""

    code = "encryption-config"
    exit_code = 2


class PluginError(EncryptionError):
    """A KMS plugin that cannot be reached, is not healthy, or breaks its protocol."""

    code = "kms-plugin"


class KeyMissing(EncryptionError):
    """The configuration holds no provider or key of the name that the value was encrypted with."""

    code = "key-missing"


class WrongKey(EncryptionError):
    """A key of the right name that does not open the value."""

    code = "wrong-key"


class TamperedValue(EncryptionError):
    """An encrypted value whose authentication fails: changed, or moved from another key path."""

    code = "tampered"
