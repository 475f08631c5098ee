"""`kstore releases`: which Kubernetes releases are known, and how exactly."""

from __future__ import annotations

from typing import Any

import click

from kstore.cli.options import output_option, talk_options


@click.command()
@output_option(("table", "json"), "table")
@talk_options
def command(output: str) -> None:
    """Show the Kubernetes releases that are known, and how exactly."""
    from kstore.catalog.releases import Release, known_releases

    rows = [_row(Release(name)) for name in known_releases()]
    if output == "json":
        from kstore.view.json_text import to_json

        click.echo(to_json(rows), nl=False)
        return
    click.echo(f"{'RELEASE':<10}{'CONVERSION':<13}RULES OF")
    for row in rows:
        click.echo(f"{row['release']:<10}{'exact' if row['exact'] else 'approximate':<13}{row['rulesOf']}")


def _row(release: Any) -> dict[str, Any]:
    return {"release": release.name, "exact": release.exact, "rulesOf": f"1.{release.rules}"}
