"""
`--crds`: what tells the filters of custom resources.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from kstore.cli.options import Once

if TYPE_CHECKING:
    from kstore.codec import StorageCodec
    from kstore.library.crds import CustomResources

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Crds:
    """Where CRDs are, and how their conversion webhooks are asked."""

    place: str = ""
    webhook_url: str = ""
    allow_webhooks: bool = False

    def load(self, codec: StorageCodec) -> CustomResources | None:
        """
        The custom resources; None where no CRDs are given.

        Raises:
            UsageError: there are none, or webhooks are spoken of without them.
            KstoreError: they cannot be read.
        """
        if not self.place:
            if self.webhook_url or self.allow_webhooks:
                raise click.UsageError("conversion webhooks are named by CRDs: --crds FILE, DIR or STORE")
            return None
        from kstore.customresource.webhook import Webhooks
        from kstore.library.crds import CustomResources

        return CustomResources(self.place, codec, Webhooks(self.allow_webhooks, self.webhook_url))


def crds_options(function: Decorated) -> Decorated:
    """The options, which reach the command as one `crds`."""

    @wraps(function)
    def with_crds(*arguments: Any, **given: Any) -> Any:
        found = Crds(given.pop("crds"), given.pop("webhook_url"), given.pop("allow_webhooks"))
        return function(*arguments, crds=found, **given)

    decorated: Any = with_crds
    for option in reversed((
        click.option("--crds", cls=Once, metavar="FILE|DIR|STORE", help="The CRDs of custom resources."),
        click.option("--webhook-url", cls=Once, metavar="URL", help="Ask the conversion webhooks of CRDs here."),
        click.option("--allow-webhooks", is_flag=True, help="Send objects to the conversion webhooks of CRDs."),
    )):  # fmt: skip
        decorated = option(decorated)
    return cast(Decorated, decorated)
