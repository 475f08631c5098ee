"""Backups of Gardener's etcd-backup-restore: a full snapshot, and what has changed since in delta snapshots."""
