"""
The table of commands: where each lives and what it does in a line, so that `--help` need not import any of them.

A test holds every line against the command itself.
"""

from __future__ import annotations

from typing import Final

COMMANDS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "Look": {
        "ls": ("ls", "List objects, or the tree of what is stored."),
        "get": ("get", "Show objects as kubectl does, as stored or converted."),
        "describe": ("describe", "Show a page about an object, with its Events."),
        "prefixes": ("prefixes", "List the clusters that share one etcd, each with what it keeps."),
        "browse": ("browse", "Look around in a terminal."),
        "export": ("export", "Back up a store into a directory, or as one Parquet file."),
    },
    "Ask": {
        "sql": ("sql", "Ask in SQL, of one store or of several at once."),
        "fleet": ("fleet", "Ask many stores the same, here or on a Dask cluster."),
        "analyze": ("analyze", "Show what fills the store."),
        "check": ("check", "Find what a release cannot read, and what else is wrong."),
        "prove": ("prove", "Prove that a backup is whole, complete and readable, and record it."),
        "crds": ("crds", "Hold the stored versions of custom resources against their CRDs."),
        "report": ("report", "Write what analyze and check find as one HTML page."),
        "history": ("history", "Show the revisions of a key: what changed, and who did it."),
        "diff": ("diff", "Compare two objects, revisions or stores."),
        "watch": ("watch", "Show changes as they happen."),
    },
    "Migrate": {
        "migrate": ("migrate", "Rewrite stored objects to another storage version."),
        "encrypt": ("encrypt", "Encrypt stored values with the first provider of a configuration."),
        "move": ("move", "Copy one cluster's keys below another prefix, or into another store."),
    },
    "Repair": {
        "restore": ("restore", "Put objects back from a snapshot, an export or history."),
        "edit": ("edit", "Change one stored object in an editor."),
        "delete": ("delete", "Delete stored objects past the apiserver, keeping a copy."),
    },
    "The codec as a filter": {
        "decode": ("decode", "Turn stored bytes into objects."),
        "encode": ("encode", "Turn objects into stored bytes."),
        "convert": ("convert", "Turn stored bytes into those of another version."),
    },
    "About": {
        "resources": ("resources", "Show resources, their keys in etcd and their storage versions."),
        "explain": ("explain", "Show the fields of a type, with types and protobuf numbers."),
        "releases": ("releases", "Show the Kubernetes releases that are known, and how exactly."),
        "plugin": ("plugin", "Try the plugins that are installed."),
        "config": ("config", "Show and change the contexts of the config file."),
        "completion": ("completion", "Print the script that completes commands in a shell."),
        "version": ("version", "Print the version of kstore."),
    },
}
"""By heading: a command's name, its module in `kstore.cli.commands` (which calls it `command`), its short help."""
