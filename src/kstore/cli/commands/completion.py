"""`kstore completion`: the script that makes a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from kstore.cli.options import talk_options


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@talk_options
def command(shell: str) -> None:
    """
    Print the script that completes commands in a shell.

    \b
    bash:  source <(kstore completion bash)
    zsh:   source <(kstore completion zsh)
    fish:  kstore completion fish | source
    """
    from kstore.cli.main import cli

    found = get_completion_class(shell)
    assert found is not None  # one of click's own
    click.echo(found(cli, {}, "kstore", "_KSTORE_COMPLETE").source())
