"""Stores as people keep them: compressed, in an archive, through a pipe, somewhere in a folder."""
