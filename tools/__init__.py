"""Developers' tools: shipped with the repository, never in the wheel."""
