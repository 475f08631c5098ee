"""
kstore: read, prove and migrate the Kubernetes objects that are stored in etcd, live or in a file.

What stands in `__all__`, `kstore.plugin` and `kstore.testing` is the library (`docs/library.md`); every other name is
private. Each name is loaded on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers read it; to import it would cost more than all the rest

if TYPE_CHECKING:
    from kstore.catalog.releases import Release as Release
    from kstore.errors import AccessDenied as AccessDenied
    from kstore.errors import BucketNotFound as BucketNotFound
    from kstore.errors import Compacted as Compacted
    from kstore.errors import Conflict as Conflict
    from kstore.errors import DamagedStore as DamagedStore
    from kstore.errors import DecodeError as DecodeError
    from kstore.errors import EncodeError as EncodeError
    from kstore.errors import EncryptionConfigError as EncryptionConfigError
    from kstore.errors import EncryptionError as EncryptionError
    from kstore.errors import ExtensionError as ExtensionError
    from kstore.errors import FutureRevision as FutureRevision
    from kstore.errors import Interrupted as Interrupted
    from kstore.errors import JournalError as JournalError
    from kstore.errors import KstoreError as KstoreError
    from kstore.errors import NoSpace as NoSpace
    from kstore.errors import NotConvertible as NotConvertible
    from kstore.errors import NotFound as NotFound
    from kstore.errors import NotWritable as NotWritable
    from kstore.errors import SourceError as SourceError
    from kstore.errors import StoreNotFound as StoreNotFound
    from kstore.errors import StoreTimedOut as StoreTimedOut
    from kstore.errors import StoreUnreachable as StoreUnreachable
    from kstore.errors import UnknownFields as UnknownFields
    from kstore.errors import UnknownKind as UnknownKind
    from kstore.errors import UnknownRelease as UnknownRelease
    from kstore.errors import UnknownResource as UnknownResource
    from kstore.errors import Unsupported as Unsupported
    from kstore.errors import UsageError as UsageError
    from kstore.errors import ValueFault as ValueFault
    from kstore.errors import WriteRefused as WriteRefused
    from kstore.library.descriptions import Resource as Resource
    from kstore.library.descriptions import Revision as Revision
    from kstore.library.journals import Journal as Journal
    from kstore.library.listing import Findings as Findings
    from kstore.library.listing import Listing as Listing
    from kstore.library.migration import Migration as Migration
    from kstore.library.migration import migration as migration
    from kstore.library.moving import Move as Move
    from kstore.library.moving import MoveReport as MoveReport
    from kstore.library.moving import move as move
    from kstore.library.objects import StoredObject as StoredObject
    from kstore.library.objects import Undecodable as Undecodable
    from kstore.library.objects import VersionedObject as VersionedObject
    from kstore.library.open_store import open as open
    from kstore.library.plans import Plan as Plan
    from kstore.library.plans import Report as Report
    from kstore.library.proving import ServerProof as ServerProof
    from kstore.library.scheme import Scheme as Scheme
    from kstore.library.store import Store as Store
    from kstore.library.stored_files import StoredFile as StoredFile
    from kstore.library.stored_files import find_stores as find_stores
    from kstore.migrate.plan import Change as Change
    from kstore.migrate.plan import Skipped as Skipped
    from kstore.migrate.plan import Unchanged as Unchanged

__version__ = "0.1.0"

_MODULES = {
    "kstore.catalog.releases": ("Release",),
    "kstore.library.stored_files": ("StoredFile", "find_stores"),
    "kstore.library.descriptions": ("Resource", "Revision"),
    "kstore.library.journals": ("Journal",),
    "kstore.library.listing": ("Findings", "Listing"),
    "kstore.library.migration": ("Migration", "migration"),
    "kstore.library.moving": ("Move", "MoveReport", "move"),
    "kstore.library.objects": ("StoredObject", "Undecodable", "VersionedObject"),
    "kstore.library.open_store": ("open",),
    "kstore.library.plans": ("Plan", "Report"),
    "kstore.library.proving": ("ServerProof",),
    "kstore.library.scheme": ("Scheme",),
    "kstore.library.store": ("Store",),
    "kstore.migrate.plan": ("Change", "Skipped", "Unchanged"),
    "kstore.errors": (
        "AccessDenied", "BucketNotFound", "Compacted", "Conflict", "DamagedStore", "DecodeError", "EncodeError",
        "EncryptionConfigError", "EncryptionError", "ExtensionError", "FutureRevision", "Interrupted",
        "JournalError", "KstoreError", "NoSpace",
        "NotConvertible", "NotFound", "NotWritable", "SourceError", "StoreNotFound", "StoreTimedOut",
        "StoreUnreachable",
        "UnknownFields", "UnknownKind", "UnknownRelease", "UnknownResource", "Unsupported", "UsageError", "ValueFault",
        "WriteRefused",
    ),
}  # fmt: skip
"""Where each name is defined."""
_PLACES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "__version__",
    *sorted(_PLACES),
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """A public name, loaded."""
        from importlib import import_module

        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(_PLACES[name]), name)
        return found

    def __dir__() -> list[str]:
        return __all__
