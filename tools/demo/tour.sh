#!/bin/sh
# kstore's main job, on the demo store: look, take one object, see what would change, change a copy, prove it.
# Every command is printed before it runs; the first that fails ends the tour.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export KSTORE_STORE=demo
bold= plain=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi

step() {
	printf '\n%s\n' "$bold$1$plain"
	shift
	printf '$ kstore %s\n' "$*" | sed "s#$folder/##g"
	kstore "$@"
}

step "What is in the store?" ls
step "Its Deployments; two of them are still as older servers left them." ls deployments -A -o wide
step "Pods, by their key in etcd." ls /registry/pods
step "One object, decoded." get pods/default/webserver
step "What would a migration to apps/v1 change? Nothing is written." migrate --to apps/v1 --dry-run=diff
step "The migration, into a copy." migrate --to apps/v1 --yes --output "$folder/migrated.db"
step "The proof: read again, every object is what was planned, and nothing else moved." migrate verify "$folder/migrated.db"
step "The Deployments of the copy." --store "$folder/migrated.db" ls deployments -A -o wide
printf '\nThe demo store itself is as it was.\n'
