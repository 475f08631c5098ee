"""
A store somewhere below a folder: a data directory of etcd, a snapshot, K3s' `state.db`, compressed or not.

Knows how far to look. The distributions' backups are found by what is in the files: kubeadm's copy of a data directory,
OpenShift's `snapshot_*.db`, Talos' `db.snapshot`, kops' `etcd.backup.gz`, snapshots of RKE2 and K3s.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from kstore.source.archive.compression import decompressed, unpacking_errors
from kstore.source.archive.contents import HEAD, Contents, kind_of
from kstore.source.archive.unpack import Peeked

MOST = 20_000
"""Files that are looked at."""
DEEPEST = 8
"""Folders in one another that are looked into."""
_KUBE_RESOURCES = "static_kuberesources_"
"""OpenShift's `cluster-backup.sh` writes the control plane's manifests and secrets beside the snapshot, in a tar.gz."""


def find_store(folder: Path) -> tuple[Path, str]:
    """
    The one store below a folder, and what a reader should know of it.

    Raises:
        NotADatabase: there is none.
        UsageError: there are several.
    """
    contents, archives = Contents(), []
    for path in files_below(folder):
        name = path.relative_to(folder).as_posix()
        kind = file_kind(path)
        contents.add(name, kind)
        if kind in ("tar", "zip", "compressed"):
            archives.append(name)
    if not contents.directories and not contents.files:
        contents.files += [name for name in archives if _KUBE_RESOURCES not in name]
    found = folder / contents.only(str(folder), f"{folder}/{{}}")
    return found, "; ".join(filter(None, (f"the store that is read is {found}", _encryption(folder))))


def file_kind(path: Path) -> str:
    """What a file holds, by its first bytes, those of what is compressed in it if these can be read."""
    kind = ""
    try:
        with path.open("rb") as file:
            peeked = Peeked(file)
            kind = kind_of(peeked.head)
            if kind == "compressed":
                stream = decompressed(cast(IO[bytes], peeked), peeked.head)
                kind = kind_of(stream.read(HEAD))
            return kind
    except unpacking_errors():
        return kind


def files_below(folder: Path) -> Iterator[Path]:
    """The files below a folder, in order; not through links."""
    seen = 0
    for place, folders, names in os.walk(folder):
        folders.sort()
        if len(Path(place).relative_to(folder).parts) >= DEEPEST:
            folders.clear()
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file():
                yield path
                seen += 1
            if seen >= MOST:
                return


def _encryption(folder: Path) -> str:
    """Where an EncryptionConfiguration is in OpenShift's backup, for `--encryption-provider-config`."""
    import tarfile

    for path in sorted(folder.glob(f"{_KUBE_RESOURCES}*.tar.gz")):
        try:
            with tarfile.open(path, "r:gz") as archive:
                names = [entry.name for entry in archive if entry.name.endswith("/encryption-config/encryption-config")]
        except unpacking_errors():
            continue
        if names:
            return (
                f"the EncryptionConfiguration is in {path.name}: tar -xzOf {path} {max(names)} > FILE, and give it with"
                " `encryption_config=`"
            )
    return ""
