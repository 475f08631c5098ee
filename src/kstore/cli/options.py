"""
The options that commands share, each declared once and spelled as kubectl, etcdctl or the apiserver spell it.

An option of the store may stand before or after the command: both end in the same `Settings`. Knows names and
meanings; what was given is `settings.py`, and what is opened with it is `session.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from kstore.cli.color import AUTO, NEVER, WHEN
from kstore.cli.expressions import EXPRESSIONS, resolved
from kstore.cli.forms import is_for_programs
from kstore.cli.settings import settings
from kstore.cli.streams import for_programs
from kstore.similar import did_you_mean

if TYPE_CHECKING:
    TextType = click.ParamType[str]
else:
    TextType = click.ParamType  # generic since click 8.2

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class Once(click.Option):
    """
    An option whose value is given once: of two values one would be dropped in silence, so that is refused.

    So is an empty one, as a shell makes of a variable that is not set: it would be taken for no option at all, and
    what was meant for one namespace or store done to all, or to another.
    """

    def __init__(self, *names: Any, default: Any = "", **attributes: Any) -> None:
        super().__init__(*names, **{**attributes, "multiple": True})
        self.when_absent = default

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """The one value, or the default."""
        found = super().type_cast_value(ctx, value)
        if len(found or ()) > 1:
            raise click.UsageError(f"{self.opts[0]} is given {len(found)} times", ctx)
        if found and found[0] == "":
            raise click.UsageError(f"{self.opts[0]} is empty: leave it out, or say which is meant", ctx)
        return found[0] if found else self.when_absent

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """The same where click casts nothing, as there is no value."""
        found = super().process_value(ctx, value)
        return self.when_absent if found == () else found


class RenamedOption(click.Option):
    """
    An option that is still taken under its former names, which help and completion do not show.
    """

    def __init__(self, *names: Any, former: tuple[str, ...], **attributes: Any) -> None:
        super().__init__(*names, **attributes)
        self._former = former

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """As the option itself, under every name."""
        super().add_to_parser(parser, ctx)
        parser.add_option(obj=self, opts=list(self._former), dest=self.name, action="store", nargs=self.nargs)


def retry_timeout_option(function: Decorated) -> Decorated:
    """How long commands that write wait for a store that does not answer."""
    return click.option(
        "--retry-timeout", "retry_seconds", cls=RenamedOption, former=("--patience",), type=click.FloatRange(min=0),
        default=120, show_default=True, metavar="SECONDS",
        help="How long to wait for a store that does not answer.",
    )(function)  # fmt: skip


def _keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    """
    Store what was given; an option that was not given leaves what stood before the command.

    Raises:
        UsageError: something else was given before the command.
    """
    if ctx.get_parameter_source(str(parameter.name)) is not click.core.ParameterSource.COMMANDLINE:
        return
    name, current = str(parameter.name), settings(ctx)
    if name == "no_color":
        name, value = "color", NEVER
    if name in current.given and getattr(current, name) != value:
        raise click.UsageError(f"{parameter.opts[-1]} is given before and after the command", ctx)
    current.given.add(name)
    setattr(current, name, value)


_Option = tuple[tuple[str, ...], dict[str, Any]]


def _apply(options: list[_Option]) -> Callable[[Decorated], Decorated]:
    def decorate(function: Decorated) -> Decorated:
        for names, attributes in reversed(options):
            once = {} if "is_flag" in attributes or "default" in attributes else {"cls": Once}
            function = click.option(*names, expose_value=False, callback=_keep, **once, **attributes)(function)
        return function

    return decorate


_STORE: list[_Option] = [
    (("store", "--store", "--endpoints", "--etcd-servers"), {
        "metavar": "ADDRESS",
        "help": "Endpoints, a snapshot or database file, a data or export directory, s3://BUCKET/KEY, `demo`."}),
    (("context", "--context"), {"metavar": "NAME", "help": "A store of the config file."}),
    (("cacert", "--cacert", "--etcd-cafile"), {"metavar": "FILE", "help": "Certificates that verify the server."}),
    (("cert", "--cert", "--etcd-certfile"), {"metavar": "FILE", "help": "The client's certificate."}),
    (("key", "--key", "--etcd-keyfile"), {"metavar": "FILE", "help": "The client's private key."}),
    (("user", "--user"), {"metavar": "NAME[:PASSWORD]", "help": "The etcd user."}),
    (("password", "--password"), {"metavar": "PASSWORD", "help": "The etcd user's password."}),
    (("http_header", "--http-header"), {
        "metavar": "HEADER", "help": "For a store at https://HOST/PATH: 'NAME: VALUE', or @FILE with a line each."}),
    (("tls_server_name", "--tls-server-name"), {
        "metavar": "NAME", "help": "The name to expect in the server's certificate."}),
    (("insecure_skip_tls_verify", "--insecure-skip-tls-verify"), {
        "is_flag": True, "help": "Accept any certificate of the server."}),
    (("dial_timeout", "--dial-timeout"), {"metavar": "TIME", "help": "Timeout for a connection; default: 5s."}),
    (("command_timeout", "--command-timeout"), {"metavar": "TIME", "help": "Timeout for an answer; default: 30s."}),
    (("consistency", "--consistency"), {
        "metavar": "HOW", "type": click.Choice(["linearizable", "serializable", "l", "s"]),
        "help": "linearizable, or serializable: what one member has, without a quorum; it may be stale."}),
    (("etcd_prefix", "--etcd-prefix"), {
        "metavar": "PREFIX", "help": "The prefix of the objects' keys; default: detected."}),
    (("rev", "--rev"), {"type": click.IntRange(min=1), "metavar": "N", "help": "Read the store as of revision N."}),
    (("salvage", "--salvage"), {"is_flag": True, "help": "Read what can be read of a damaged file."}),
    (("wal", "--wal"), {"is_flag": True, "help": "Also read the write-ahead log of a data directory."}),
]  # fmt: skip

_CODEC: list[_Option] = [
    (("encryption_provider_config", "--encryption-provider-config"), {
        "metavar": "FILE", "help": "The apiserver's encryption configuration."}),
    (("release", "--release"), {
        "metavar": "R", "help": "The release whose types and storage versions to use; default: the newest."}),
    (("like", "--like"), {
        "metavar": "FILE", "help": "Take the release and the flags from a kube-apiserver's static Pod manifest."}),
    (("emulated_version", "--emulated-version"), {
        "metavar": "R", "help": "As the server's own flag: the release that it emulates."}),
    (("min_compatibility_version", "--min-compatibility-version"), {
        "metavar": "R", "help": "As the server's own flag; default: the one before the emulated release."}),
    (("feature_gates", "--feature-gates"), {"metavar": "LIST", "help": "As the server's own flag: A=true,B=false."}),
    (("runtime_config", "--runtime-config"), {
        "metavar": "LIST", "help": "As the server's own flag; not given: every API counts as served."}),
    (("storage_media_type", "--storage-media-type"), {
        "metavar": "TYPE",
        "help": "As the server's own flag: application/json or application/vnd.kubernetes.protobuf."}),
]  # fmt: skip

_GLOBAL: list[_Option] = [
    (("color", "--color"), {
        "type": click.Choice(WHEN), "default": AUTO, "metavar": "WHEN",
        "help": "Colours: auto (on a terminal), always, never; also NO_COLOR and FORCE_COLOR."}),
    (("no_color", "--no-color"), {"is_flag": True, "help": "The same as --color=never."}),
    (("quiet", "-q", "--quiet"), {"is_flag": True, "help": "Print no notes, hints or progress, only errors."}),
    (("verbose", "-v", "--verbose"), {"is_flag": True, "help": "Print which store is opened, and how it was found."}),
    (("progress", "--progress/--no-progress"), {"default": True, "help": "Progress on a terminal."}),
    (("pager", "--pager/--no-pager"), {
        "default": True, "help": "Use $KSTORE_PAGER, $PAGER or less for long output."}),
    (("traceback", "--traceback"), {"is_flag": True, "help": "Show where in kstore an error came from."}),
]  # fmt: skip

GLOBAL_NAMES = frozenset(names[0] for names, _ in (*_STORE, *_CODEC, *_GLOBAL))
"""The parameters that may stand before or after a command."""

store_options = _apply([*_STORE, *_CODEC, *_GLOBAL])
"""Every command that reads or writes a store takes these, and so does `kstore` itself, before the command."""
codec_options = _apply([*_CODEC, *_GLOBAL])
"""For the filters, which open no store."""
global_options = _apply([*_STORE, *_CODEC, *_GLOBAL])
"""What may stand before the command."""
talk_options = _apply(_GLOBAL)
"""For commands that need neither store nor codec."""


_SELECTION: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "namespace": (("-n", "--namespace"), {"cls": Once, "metavar": "NS", "help": "Only this namespace."}),
    "all_namespaces": (("-A", "--all-namespaces"), {
        "is_flag": True, "help": "All namespaces; without it, `get` and `describe` use `default`."}),
    "selector": (("-l", "--selector"), {
        "cls": Once, "metavar": "SELECTOR", "help": "Only objects with these labels."}),
    "field_selector": (("--field-selector",), {
        "cls": Once, "metavar": "SELECTOR", "help": "Only objects with these fields: status.phase=Running."}),
    "stored_version": (("--stored-version",), {
        "cls": Once, "metavar": "GLOB", "help": "Only objects stored in this version: 'apps/v1beta*'."}),
    "where": (("--where",), {"cls": Once, "metavar": "CEL",
        "help": "Only objects for which this is true: 'spec.replicas > 1'."}),
}  # fmt: skip


def selection_options(function: Decorated) -> Decorated:
    """
    The options that select among objects, of every command that reads or writes many of them the same.

    They reach the command as one `criteria`, and the argument `what` within it: none can be forgotten on the way.
    """

    @wraps(function)
    def with_criteria(*arguments: Any, **given: Any) -> Any:
        from kstore.selection.criteria import Criteria

        what = given.pop("what", ())
        asked = {name: given.pop(name) for name in _SELECTION}
        return function(*arguments, criteria=Criteria((what,) if isinstance(what, str) else what, **asked), **given)

    decorated: Any = with_criteria
    for names, attributes in reversed(_SELECTION.values()):
        decorated = click.option(*names, **attributes)(decorated)
    return cast(Decorated, decorated)


def as_served_option(function: Decorated) -> Decorated:
    """`--as-served`: what the server makes of an object when it reads it."""
    return click.option(
        "--as-served", is_flag=True, help="As the release's server returns it: with defaults, in the version that "
        "kubectl asks for, or --as.",
    )(function)  # fmt: skip


def sort_option(function: Decorated) -> Decorated:
    """`--sort-by`, as kubectl has it."""
    return click.option(
        "--sort-by", cls=Once, metavar="PATH", help="Sort by a field: .metadata.creationTimestamp."
    )(function)  # fmt: skip


def shown_options(function: Decorated) -> Decorated:
    """What is hidden from people unless they ask."""
    for option in reversed((
        click.option("--show-secrets", is_flag=True, help="Show the values of Secrets."),
        click.option("--show-managed-fields", is_flag=True, help="Show metadata.managedFields."),
    )):  # fmt: skip
        function = option(function)
    return function


def workers_option(function: Decorated) -> Decorated:
    """`--workers`, as a number; one for each processor where it is not given."""

    def known(ctx: click.Context, parameter: click.Parameter, value: int | None) -> int:
        from kstore.operating_system import processors

        return value or processors()

    return click.option(
        "--workers", type=click.IntRange(min=1), callback=known, metavar="N",
        help="Number of processes; default: one for each processor.",
    )(function)  # fmt: skip


class Form(TextType):
    """
    What `-o` takes: a word, or one of the beginnings that take an expression.

    Args:
        choices: the words.
        prefixes: the beginnings, each with its equals sign.
    """

    name = "format"

    def __init__(self, choices: tuple[str, ...], prefixes: tuple[str, ...] = ()) -> None:
        self.choices = choices
        self.prefixes = prefixes

    @property
    def words(self) -> tuple[str, ...]:
        """All of them, as a help lists them."""
        return (*self.choices, *(f"{prefix}…" for prefix in self.prefixes))

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The value, if it is one of them, its expression read from where it is; see click."""
        if self.prefixes:
            given = ctx is not None and ctx.get_parameter_source("output") is click.core.ParameterSource.COMMANDLINE
            template = ctx.meta.get(_TEMPLATE, "") if ctx is not None else ""
            value = resolved(value if given else "", template) or value
        if value not in ("", *self.choices) and not value.startswith(self.prefixes or ("\0",)):
            meant = did_you_mean(value, self.words)
            wrong = f"there is no format {value!r}" + (f": {meant}" if meant else "")
            self.fail(f"{wrong}\n  hint: the formats are {', '.join(self.words)}", param, ctx)
        return value


def output_option(
    choices: tuple[str, ...],
    default: str,
    *,
    expressions: bool = False,
    short: bool = False,
) -> Callable[[Decorated], Decorated]:
    """
    `-o`, one of `choices`, or, with `expressions`, one that takes an expression (`jsonpath=…`).

    Args:
        choices: the words.
        default: the word that holds when the option is not given; empty where that depends on what is asked for.
        expressions: those that take an expression, too; the command has `template_options` then.
        short: only `-o`, for a command whose `--output` is a file.
    """
    form = Form(choices, EXPRESSIONS if expressions else ())

    def exact(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
        if is_for_programs(value):
            for_programs()
        return value

    return click.option(
        *(("-o", "output") if short else ("-o", "--output")),
        type=form,
        default=default,
        callback=exact,
        metavar="FORMAT",
        show_default=bool(default),
        help=f"{', '.join(form.words)}.",
    )


_TEMPLATE = "kstore.template"


def template_options(function: Decorated) -> Decorated:
    """What goes with the outputs that take an expression."""

    def keep(ctx: click.Context, parameter: click.Parameter, value: str) -> None:
        ctx.meta[_TEMPLATE] = value

    for option in reversed((
        click.option(
            "--template", cls=Once, metavar="TEMPLATE", expose_value=False, is_eager=True, callback=keep,
            help="The expression of -o, or its file; without -o, a go-template.",
        ),
        click.option(
            "--allow-missing-template-keys/--no-allow-missing-template-keys", default=None,
            help="Whether a template may use missing fields; default: yes.",
        ),
    )):  # fmt: skip
        function = option(function)
    return function


def limit_option(function: Decorated) -> Decorated:
    """`--limit`."""
    return click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after N objects.")(function)


def table_options(function: Decorated) -> Decorated:
    """What stands in a table beside the server's columns."""
    for option in reversed((
        click.option("--no-headers", is_flag=True, help="Leave out the header line."),
        click.option("--show-kind", is_flag=True, help="Show names with their resource: pod/web."),
        click.option("--show-labels", is_flag=True, help="Add a column with all labels."),
        click.option("-L", "--label-columns", multiple=True, metavar="KEY", help="Add a column for this label."),
        click.option("--storage-columns", default="", metavar="NAMES", help=_STORAGE_COLUMNS),
        click.option("--now", default="", metavar="TIME", help="Compute ages for this time (RFC 3339)."),
    )):  # fmt: skip
        function = option(function)
    return function


_STORAGE_COLUMNS = "Add columns: stored-version, encoding, encryption, size, revision, lease; or all."
