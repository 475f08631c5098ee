"""
The table of commands: where each lives and what it does in a line, so that `--help` need not import any of them.

A test holds every line against the command itself.
"""

from __future__ import annotations

from typing import Final

COMMANDS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "Explore": {
        "ls": ("ls", "List objects, or the tree of what is stored."),
        "get": ("get", "Show objects as kubectl does, as stored or converted."),
        "describe": ("describe", "Describe an object, how it is stored, and its Events."),
        "prefixes": ("prefixes", "List the clusters that share one etcd."),
        "browse": ("browse", "Explore a store in the terminal."),
        "export": ("export", "Back up a store into a directory, or as one Parquet file."),
    },
    "Analyze": {
        "sql": ("sql", "Query one or more stores in SQL."),
        "fleet": ("fleet", "Run a command on many stores, here or on a Dask cluster."),
        "analyze": ("analyze", "Show what takes the space."),
        "check": ("check", "Find what a release cannot read, and what else is wrong."),
        "prove": ("prove", "Prove that a backup is complete and readable."),
        "crds": ("crds", "Compare stored versions of custom resources with their CRDs."),
        "report": ("report", "Write the results of analyze and check as an HTML page."),
        "history": ("history", "Show the revisions of a key: what changed, when and by whom."),
        "diff": ("diff", "Compare two objects, revisions or stores."),
        "watch": ("watch", "Show changes as they happen."),
    },
    "Migrate": {
        "migrate": ("migrate", "Rewrite stored objects to another storage version."),
        "encrypt": ("encrypt", "Encrypt stored values with the first provider of a configuration."),
        "move": ("move", "Copy a cluster to another prefix or another store."),
    },
    "Repair": {
        "restore": ("restore", "Restore objects from a snapshot, an export or history."),
        "edit": ("edit", "Change one stored object in an editor."),
        "delete": ("delete", "Delete stored objects without the apiserver; a copy is kept."),
    },
    "Encode and decode": {
        "decode": ("decode", "Turn stored bytes into objects."),
        "encode": ("encode", "Turn objects into stored bytes."),
        "convert": ("convert", "Convert stored bytes to another version."),
    },
    "About": {
        "resources": ("resources", "Show resources, their keys in etcd and their storage versions."),
        "explain": ("explain", "Show the fields of a type, with types and protobuf numbers."),
        "releases": ("releases", "Show the supported Kubernetes releases and their differences."),
        "plugin": ("plugin", "Check the installed plugins."),
        "config": ("config", "Show and change the contexts of the config file."),
        "completion": ("completion", "Print the completion script for a shell."),
        "version": ("version", "Print the version of kstore."),
    },
}
"""By heading: a command's name, its module in `kstore.cli.commands` (which calls it `command`), its short help."""
