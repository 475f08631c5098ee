"""
What kubectl 1.37 takes, and what kstore has in its place: flags of the commands that both have; what others write.

Facts alone. `main` words an unknown flag or command with them, docs/reference/kubectl.md is made of them
(tools/generate_kubectl_page.py), and a test holds them against a real kubectl.
"""

from __future__ import annotations

from typing import Final, NamedTuple

SAME, DIFFERENT, NO_SERVER = "the same", "different", "meaningless without a server"


class Flag(NamedTuple):
    """What becomes of a flag of kubectl's."""

    answer: str
    """`SAME`, `DIFFERENT` or `NO_SERVER`."""
    why: str = ""


_FILES = Flag(DIFFERENT, "objects are named, not read from manifests: RESOURCE/NAME or a key")
_PAGES = Flag(NO_SERVER, "kstore reads etcd in pages of bounded bytes by itself; --limit N ends after N objects")
_SELECTOR = Flag(SAME)
_APPLY = Flag(NO_SERVER, "kstore applies nothing: `kstore diff` compares stores, revisions and objects")

COMMANDS: Final = {
    "get": "get", "describe": "describe", "explain": "explain", "api-resources": "resources", "diff": "diff",
}  # fmt: skip
"""kstore's command for a command of kubectl's."""

FLAGS: Final[dict[str, dict[str, Flag]]] = {
    "get": {
        "-A, --all-namespaces": Flag(DIFFERENT, "beside -n it is refused; kubectl ignores -n then"),
        "--allow-missing-template-keys": Flag(SAME, "--no-allow-missing-template-keys, too"),
        "--chunk-size": _PAGES,
        "--field-selector": Flag(DIFFERENT, "takes every field that the type has, beside those the server supports"),
        "-f, --filename": _FILES,
        "--ignore-not-found": Flag(SAME),
        "-k, --kustomize": _FILES,
        "-L, --label-columns": Flag(DIFFERENT, "refused beside outputs that are no table; kubectl ignores it there"),
        "--no-headers": Flag(DIFFERENT, "refused beside outputs without headers; kubectl ignores it there"),
        "-o, --output": Flag(
            DIFFERENT,
            "every format of kubectl's, and jsonl, table-json, describe, keys, raw, hex and storage; go-template "
            "without define, template, block, call and js. Names alone give YAML, where kubectl gives a table",
        ),
        "--output-watch-events": Flag(DIFFERENT, "for tables and documents; refused beside templates and names"),
        "--raw": Flag(NO_SERVER, "there is no URI to ask; `kstore get KEY -o raw` gives the stored bytes"),
        "-R, --recursive": _FILES,
        "-l, --selector": _SELECTOR,
        "--server-print": Flag(NO_SERVER, "kstore makes the server's columns itself"),
        "--show-kind": Flag(DIFFERENT, "refused beside outputs that are no table; kubectl ignores it there"),
        "--show-labels": Flag(SAME),
        "--show-managed-fields": Flag(SAME),
        "--sort-by": Flag(DIFFERENT, "refused beside --watch; kubectl sorts only what it lists"),
        "--subresource": Flag(NO_SERVER, "a subresource is a view that a server makes; the whole object is stored"),
        "--template": Flag(SAME),
        "-w, --watch": Flag(DIFFERENT, "follows etcd's revisions: what is listed and what follows meet without a gap"),
        "--watch-only": Flag(SAME),
    },
    "describe": {
        "-A, --all-namespaces": Flag(DIFFERENT, "beside -n it is refused; kubectl ignores -n then"),
        "--chunk-size": _PAGES,
        "-f, --filename": _FILES,
        "-k, --kustomize": _FILES,
        "-R, --recursive": _FILES,
        "-l, --selector": _SELECTOR,
        "--show-events": Flag(SAME, "--no-show-events, too"),
    },
    "explain": {
        "--api-version": Flag(DIFFERENT, "without it the version that is stored, where kubectl has the preferred one"),
        "--max-depth": Flag(SAME),
        "-o, --output": Flag(DIFFERENT, "plaintext is a table of fields with protobuf numbers; json is a document"),
        "-R, --recursive": Flag(SAME),
    },
    "api-resources": {
        "--api-group": Flag(SAME),
        "--cached": Flag(NO_SERVER, "nothing is asked of a server, so nothing is cached"),
        "--categories": Flag(SAME),
        "--namespaced": Flag(SAME, "--no-namespaced, too"),
        "--no-headers": Flag(SAME),
        "-o, --output": Flag(DIFFERENT, "table, wide, name, json and jsonl; columns of storage instead of verbs"),
        "--show-managed-fields": Flag(NO_SERVER, "resources are no objects here, and have no managedFields"),
        "--sort-by": Flag(SAME),
        "--verbs": Flag(NO_SERVER, "what a resource allows is the server's to say; etcd holds no verbs"),
    },
    "diff": {
        "--concurrency": _APPLY,
        "--field-manager": _APPLY,
        "-f, --filename": Flag(
            DIFFERENT,
            "kstore compares what is stored: two stores, revisions or objects. `kstore edit KEY -f FILE --dry-run` "
            "shows what a manifest would change",
        ),
        "--force-conflicts": _APPLY,
        "-k, --kustomize": _FILES,
        "--prune": _APPLY,
        "--prune-allowlist": _APPLY,
        "-R, --recursive": _FILES,
        "-l, --selector": Flag(SAME, "selects within two stores or revisions"),
        "--server-side": _APPLY,
        "--show-managed-fields": Flag(SAME),
        "--show-secrets": Flag(SAME),
    },
}  # fmt: skip
"""Every flag of kubectl 1.37's own, by command."""

_TO_SERVER = "kstore changes no cluster through its server; `edit`, `restore` and `delete` change what is stored"
_RUNNING = "kstore sees what is stored in etcd, and nothing of what runs on a node"
WORDS: Final[dict[str, str]] = {
    "alarm": "`etcdctl alarm list` asks the members; `kstore check` says what is near its quota",
    "annotate": "`kstore edit KEY` changes a stored object in an editor",
    "api-resources": "`kstore resources` lists them, with their keys in etcd",
    "api-versions": "`kstore resources -o wide` lists resources with their versions",
    "apply": _TO_SERVER,
    "attach": _RUNNING,
    "auth": "`kstore ls roles,rolebindings,clusterroles,clusterrolebindings -A` shows who may do what",
    "autoscale": _TO_SERVER,
    "backup": "`kstore export DIR` backs a store up; `etcdctl snapshot save` makes a snapshot",
    "cat": "`kstore get KEY -o yaml`, or -o raw",
    "certificate": "`kstore ls csr` shows the requests",
    "cluster-info": "`kstore ls` shows what is in a store, `kstore prefixes` which clusters share it",
    "compact": "`etcdctl compact` does that; `kstore analyze` shows what the history takes",
    "compaction": "`etcdctl compact` does that; `kstore analyze` shows what the history takes",
    "contexts": "`kstore config get-contexts` lists them, `kstore config use-context` chooses one",
    "cordon": _TO_SERVER,
    "cp": _RUNNING,
    "create": _TO_SERVER,
    "ctx": "`kstore config get-contexts` lists them, `kstore config use-context` chooses one",
    "debug": _RUNNING,
    "defrag": "`etcdctl defrag` does that; `kstore analyze` shows what fills the store",
    "del": "`kstore delete KEY` keeps a copy of what it deletes",
    "drain": _TO_SERVER,
    "dump": "`kstore export DIR` writes all objects; `kstore get KEY -o yaml`, or -o raw, one",
    "endpoint": "`kstore ls` opens the store, and says what it is; `etcdctl endpoint status` asks a member",
    "events": "`kstore ls events -A`, or `kstore describe RESOURCE NAME` for those about an object",
    "exec": _RUNNING,
    "expose": _TO_SERVER,
    "find": "`kstore ls --where CEL`, -l or --field-selector select objects",
    "forget": "kstore keeps no backups: `kstore export DIR` makes one, where you say",
    "hashkv": "`etcdctl endpoint hashkv` does that; `kstore migrate verify` compares stores object by object",
    "info": "`kstore ls` shows what is in a store, `kstore version` which kstore this is",
    "init": "a store need not be prepared: `kstore --store FILE ls` opens it",
    "kustomize": _TO_SERVER,
    "label": "`kstore edit KEY` changes a stored object in an editor",
    "lease": "`kstore analyze` shows the leases of etcd and how many keys each has",
    "list": "`kstore ls`",
    "lock": "`etcdctl lock` does that; kstore's writes are compare-and-swap, and need none",
    "logs": f"{_RUNNING}: logs are on the node, under /var/log/pods",
    "member": "`etcdctl member list` asks the members; kstore reads what they keep",
    "mount": "`kstore browse` looks around in a store, `kstore export DIR` makes files of it",
    "ns": "`kstore get namespaces`",
    "patch": "`kstore edit KEY` changes a stored object in an editor",
    "port-forward": _RUNNING,
    "proxy": _RUNNING,
    "prune": "kstore keeps no backups: `kstore export DIR` makes one, where you say",
    "put": "`kstore edit KEY -f FILE` stores an object; raw bytes are never written",
    "replace": "`kstore edit KEY -f FILE` stores an object in place of another",
    "resume": "`kstore migrate resume JOURNAL` goes on with a migration",
    "role": "`etcdctl role list` asks etcd; `kstore get roles -A` shows those of Kubernetes",
    "rollback": "`kstore migrate rollback JOURNAL` undoes a migration",
    "rollout": "`kstore history KEY` shows the revisions of an object",
    "run": _TO_SERVER,
    "scale": _TO_SERVER,
    "search": "`kstore ls --where CEL`, -l or --field-selector select objects",
    "set": _TO_SERVER,
    "show": "`kstore get` shows objects, `kstore describe` a page about one",
    "snapshot": "`etcdctl snapshot save` makes one; every kstore command opens it with --store FILE",
    "snapshots": "`kstore fleet check FOLDER/*.db` looks at many; --store FILE opens one",
    "stats": "`kstore analyze` shows what fills the store",
    "status": "`kstore migrate status JOURNAL` is of a migration; `etcdctl endpoint status` asks a member",
    "taint": _TO_SERVER,
    "top": f"{_RUNNING}; `kstore analyze` shows what fills the store",
    "tree": "`kstore ls` without an argument shows the tree",
    "txn": "raw bytes are never written; `kstore edit KEY` is a compare-and-swap of one object",
    "uncordon": _TO_SERVER,
    "unlock": "`kstore migrate resume JOURNAL` goes on where a run was ended; nothing stays locked",
    "user": "`etcdctl user list` asks etcd; --user and --password say who kstore is",
    "verify": "`kstore migrate verify JOURNAL` proves a migration, `kstore prove` a backup",
    "wait": "`kstore watch` shows changes as they happen",
}
"""Commands of kubectl, etcdctl, restic and the like that kstore has not, and what does their work."""

ELSEWHERE: Final[dict[str, str]] = {
    "--all": "`-A` means all namespaces; all is meant anyway where nothing selects",
    "--consistency": "reads are of one revision; --rev N names it",
    "--count-only": "`kstore ls` without an argument counts what is stored",
    "--endpoints": "`--store https://HOST:PORT,https://HOST2:PORT`, or $ETCDCTL_ENDPOINTS",
    "--from-key": "`kstore ls PREFIX` lists what is below a key",
    "--keys-only": "`kstore ls /registry/pods -o keys` lists keys",
    "--kubeconfig": "kstore reads the store itself: --store ADDRESS, or a context of its own config file",
    "--order": "--sort-by .metadata.name sorts",
    "--prefix": "a path means all that is below it: `kstore ls /registry/pods`; --etcd-prefix is the cluster's own",
    "--print-value-only": "`kstore get KEY -o raw` prints the stored bytes",
    "--request-timeout": "--dial-timeout and --command-timeout give it more time, or less",
    "--repo": "`--store ADDRESS` names what is opened",
    "--write-out": "`-o FORMAT`",
    "-c": "--cacert, --cert and --key are certificates; of a Pod's containers `kstore describe pod NAME` tells",
    "-w": "`-o FORMAT` is the output; `kstore get RESOURCE -w` and `kstore watch` follow changes",
}
"""Flags of etcdctl, k9s, restic and kubectl's other commands that kstore has not, and what does their work."""

BOOLEAN: Final = frozenset({
    "--all-namespaces", "--ignore-not-found", "--no-headers", "--output-watch-events", "--recursive", "--show-kind",
    "--show-labels", "--show-managed-fields", "--show-secrets", "--watch", "--watch-only",
})  # fmt: skip
"""Flags that kubectl's parser takes with a value: `--watch=true`."""
NEGATABLE: Final = frozenset({"--allow-missing-template-keys", "--namespaced", "--show-events"})
"""Those that are not the same as absent when they are false."""


def spelled(argument: str) -> list[str]:
    """An argument as click takes it: `--watch=true` is `--watch`, and `--watch=false` is nothing at all."""
    name, _, value = argument.partition("=")
    if value not in ("true", "false") or name not in BOOLEAN | NEGATABLE:
        return [argument]
    if value == "true":
        return [name]
    return [f"--no-{name[2:]}"] if name in NEGATABLE else []


def flag_of(command: str, name: str) -> Flag | None:
    """What becomes of a flag of kubectl's, by kstore's name of the command; None for what kubectl has not either."""
    for theirs, ours in COMMANDS.items():
        if ours == command:
            for names, flag in FLAGS[theirs].items():
                if name in names.split(", "):
                    return flag
    return None
