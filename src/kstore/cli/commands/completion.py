"""`kstore completion`: the script that makes a shell complete commands, options and what is stored."""

from __future__ import annotations

import click

from kstore.cli.options import talk_options


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish", "powershell"]))
@talk_options
def command(shell: str) -> None:
    """
    Print the script that completes commands in a shell: options and their values, resources, namespaces and the names
    of objects, from the store that the command line or the environment names.

    \b
    bash:        source <(kstore completion bash)
    zsh:         source <(kstore completion zsh)
    fish:        kstore completion fish | source
    PowerShell:  kstore completion powershell | Out-String | Invoke-Expression

    If the store does not answer within $KSTORE_COMPLETION_TIMEOUT seconds (2), nothing from it is completed.
    """
    from kstore.cli.main import cli
    from kstore.cli.shells import source

    click.echo(source(cli, shell, "kstore"))
