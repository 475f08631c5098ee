"""
Every error that kstore raises, in one tree, each with its exit code and machine-readable code.

The library raises these and never prints; `cli/main.py` words them, once. An error is built from data (what was
found, what was expected, where, what to try), so that a program can read it as well as a person.

A hint names what helps as it is written in Python, between backquotes: `salvage=True`, `store.history(key)`. The
command line has a table of what these are there (`cli/hints.py`). A message names none: it says what was found.
"""

from __future__ import annotations

from kstore.errors.encryption import (
    ENCRYPTION_CONFIG_WANTED,
    EncryptionConfigError,
    EncryptionError,
    KeyMissing,
    PluginError,
    TamperedValue,
    WrongKey,
)
from kstore.errors.root import (
    KstoreError,
    WorkerLost,
)
from kstore.errors.stores import (
    AccessDenied,
    BucketNotFound,
    Compacted,
    DamagedStore,
    FutureRevision,
    NotADatabase,
    NotWritable,
    PartlyRead,
    ProgramMissing,
    SourceError,
    StoreNotFound,
    StoreTimedOut,
    StoreUnreachable,
    Unsupported,
)
from kstore.errors.usage import (
    ExtensionError,
    ExtraMissing,
    NotASingleObject,
    NotFound,
    UnclearPrefix,
    UnknownField,
    UnknownRelease,
    UnknownResource,
    UsageError,
)
from kstore.errors.values import (
    DecodeError,
    EncodeError,
    NotConvertible,
    NotServed,
    RepeatedName,
    RuleFailed,
    TerminalDamage,
    UnknownEncoding,
    UnknownFields,
    UnknownKind,
    ValueFault,
)
from kstore.errors.writes import (
    Conflict,
    Interrupted,
    JournalError,
    JournalExists,
    JournalTaken,
    LeaseExists,
    LeaseGone,
    NoSpace,
    NotCopyable,
    RequestTooLarge,
    WriteRefused,
)

__all__ = [
    "ENCRYPTION_CONFIG_WANTED",
    "AccessDenied",
    "BucketNotFound",
    "Compacted",
    "Conflict",
    "DamagedStore",
    "DecodeError",
    "EncodeError",
    "EncryptionConfigError",
    "EncryptionError",
    "ExtensionError",
    "ExtraMissing",
    "FutureRevision",
    "Interrupted",
    "JournalError",
    "JournalExists",
    "JournalTaken",
    "KeyMissing",
    "KstoreError",
    "LeaseExists",
    "LeaseGone",
    "NoSpace",
    "NotADatabase",
    "NotASingleObject",
    "NotConvertible",
    "NotCopyable",
    "NotFound",
    "NotServed",
    "NotWritable",
    "PartlyRead",
    "PluginError",
    "ProgramMissing",
    "RepeatedName",
    "RequestTooLarge",
    "RuleFailed",
    "SourceError",
    "StoreNotFound",
    "StoreTimedOut",
    "StoreUnreachable",
    "TamperedValue",
    "TerminalDamage",
    "UnclearPrefix",
    "UnknownEncoding",
    "UnknownField",
    "UnknownFields",
    "UnknownKind",
    "UnknownRelease",
    "UnknownResource",
    "Unsupported",
    "UsageError",
    "ValueFault",
    "WorkerLost",
    "WriteRefused",
    "WrongKey",
]
