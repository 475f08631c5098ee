"""
The word on standard error whenever a server's certificate is not verified, whoever asked for it.

A connection that anybody in between can read and change is never made in silence: the variable or the config file that
asks for it may have been set long ago, by somebody else.
"""

from __future__ import annotations

import click


def warn_unverified(server: str, asked_by: str) -> None:
    """
    Say that a server is believed without proof.

    Args:
        server: its address.
        asked_by: the option, variable or file that asked for it.
    """
    click.echo(
        f"kstore: warning: the certificate of {server} is not verified ({asked_by}): "
        "whoever is in between can read and change everything",
        err=True,
    )
