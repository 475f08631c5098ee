"""`kstore fleet`: the same question to many stores, here or on a Dask cluster."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kstore.cli.exit_codes import ExitCode
from kstore.cli.hints import worded
from kstore.cli.options import Once, output_option, store_options, workers_option
from kstore.cli.server_flags import flags_of, words_of
from kstore.cli.session import Session
from kstore.cli.settings import settings
from kstore.errors import UsageError
from kstore.printable import one_line

if TYPE_CHECKING:
    from kstore.fleet.child import Result
    from kstore.fleet.tasks import Task

_OUTPUTS = ("table", "wide", "markdown", "csv", "json", "jsonl", "parquet", "prometheus")


@click.group()
def command() -> None:
    """
    Run a command on many stores. Each store is read in a process of its own, as many at once as there are processors,
    or on the workers of a Dask cluster. A store that fails, hangs or kills its process has a row that says so. Results
    for a file are cached until it changes.

    \b
    kstore fleet check 'night/*.db.gz' --target-release 1.37
    kstore fleet versions --stores clusters.txt -o csv
    kstore fleet check --stores - --scheduler tcp://dask:8786 --html fleet.html < clusters.txt
    kstore fleet sql "select store, count(*) from pods group by 1" night/*.db

    Exit code 0: all answered, nothing found; 5: something was found; 3: some stores could not be read; 1: none could.
    If several apply, 1 comes before 5, and 5 before 3; the column status shows the result of each store.
    """


_RUN = (
    click.option("--stores", "listed", cls=Once, metavar="FILE",
                 help="Read more stores from a file, one per line; - is standard input."),
    click.option("--scheduler", cls=Once, metavar="ADDRESS", help="A Dask scheduler, such as tcp://host:8786."),
    workers_option,
    click.option("--timeout", default="10m", metavar="TIME", show_default=True, help="Time limit for one store."),
    click.option("--retries", default=2, type=click.IntRange(0), show_default=True,
                 help="How often a store is tried again if its process or worker dies."),
    click.option("--no-cache", is_flag=True, help="Do not use cached results of files that have not changed."),
)  # fmt: skip


def _run_options(function: Callable[..., int]) -> Callable[..., int]:
    """What every question to a fleet takes."""
    for option in reversed(_RUN):
        function = option(function)
    return store_options(function)


_target_release = click.option("--target-release", default="", metavar="R", help="The release to upgrade to.")
_html = click.option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also write an HTML page of all stores; check also writes one per store.",
)
_stores = click.argument("stores", nargs=-1, metavar="[STORE]...")


@command.command("check")
@_stores
@_target_release
@_html
@output_option(_OUTPUTS, "table")
@_run_options
def check(stores: tuple[str, ...], target_release: str, html: Path | None, output: str, **run: Any) -> int:
    """Check each store: a row with its findings.

    Release, revision, age and size, objects, findings by severity, and how many objects are stored in another version
    than the target stores.
    """
    return _ask("check", stores, {"target_release": target_release}, html, output, run)


@command.command("versions")
@_stores
@_target_release
@_html
@output_option(_OUTPUTS, "table")
@_run_options
def versions(stores: tuple[str, ...], target_release: str, html: Path | None, output: str, **run: Any) -> int:
    """Count objects by stored version.

    Also show the version that the target release stores.
    """
    return _ask("versions", stores, {"target_release": target_release}, html, output, run)


@command.command("analyze")
@_stores
@_html
@output_option(_OUTPUTS, "table")
@_run_options
def analyze(stores: tuple[str, ...], html: Path | None, output: str, **run: Any) -> int:
    """Show what fills each store."""
    return _ask("analyze", stores, {}, html, output, run)


@command.command("prove")
@_stores
@_target_release
@_html
@output_option(_OUTPUTS, "table")
@_run_options
def prove(stores: tuple[str, ...], target_release: str, html: Path | None, output: str, **run: Any) -> int:
    """Prove each backup, as `kstore prove` does."""
    return _ask("prove", stores, {"target_release": target_release}, html, output, run)


@command.command("export")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@_stores
@output_option(_OUTPUTS, "table")
@_run_options
def export(folder: Path, stores: tuple[str, ...], output: str, **run: Any) -> int:
    """Write all stores into one Parquet dataset.

    As `kstore export -o parquet --partition` does: a file a store, in a folder that names it. Secrets are masked.
    """
    from kstore.sql.parquet import require_pyarrow

    require_pyarrow()
    return _ask("export", stores, {"folder": str(folder.absolute())}, None, output, run)


@command.command("sql")
@click.argument("query")
@_stores
@click.option("--lake", type=click.Path(path_type=Path), metavar="DIR",
              help="Where the Parquet files are kept; default: the user's cache.")  # fmt: skip
@output_option(("table", "markdown", "csv", "json", "jsonl"), "table")
@_run_options
def sql(query: str, stores: tuple[str, ...], lake: Path | None, output: str, **run: Any) -> int:
    """Query all stores at once in SQL.

    Each store is first written as Parquet, with Secrets masked, and kept. The query reads these files: `objects`, and
    a table for each resource with metadata, spec and status.
    """
    from kstore.fleet.report import failed
    from kstore.sql.lake import Lake
    from kstore.sql.parquet import require_pyarrow

    require_pyarrow()
    folder = lake or _cached_lake()
    results = _results("export", stores, {"folder": str(folder.absolute())}, run)
    _name_failures(results)
    answer = Lake([row["file"] for one in results for row in one["rows"]]).answer(query)
    _write(answer.columns, answer.types, answer.rows, output)
    return ExitCode.SOME_SKIPPED if failed(results) else ExitCode.DONE


def _cached_lake() -> Path:
    from kstore.source.user_cache import cache_folder

    folder = cache_folder()
    if folder is None:
        raise UsageError("this user has no home", hint="--lake DIR says where the files are kept")
    return folder / "fleet" / "lake"


# ---- a run


def _ask(
    kind: str, stores: Sequence[str], asked: dict[str, Any], html: Path | None, output: str, given: dict[str, Any]
) -> int:
    from kstore.fleet.report import (
        columns_of,
        failed,
        prometheus_text,
        rows_of,
        short_columns,
        short_rows,
        something_found,
    )

    if html is not None and html.exists():
        raise UsageError("the file already exists", where=str(html), hint="name another file")
    results = _results(kind, stores, asked, given)
    if html is not None:
        _write_pages(html.absolute(), kind, results)
    if output == "prometheus":
        sys.stdout.writelines(prometheus_text(kind, results))
    else:
        columns = short_columns(kind) if output == "table" else columns_of(kind)
        rows = short_rows(kind, results) if output == "table" else rows_of(kind, results)
        _write(tuple(columns), tuple(columns.values()), rows, "table" if output == "wide" else output)
    _name_failures(results)
    lost = failed(results)
    if len(lost) == len(results):
        return ExitCode.FAILED
    if something_found(kind, results):
        return ExitCode.FOUND
    return ExitCode.SOME_SKIPPED if lost else ExitCode.DONE


def _write_pages(file: Path, kind: str, results: Sequence[Result]) -> None:
    """The page of the fleet, and, in a folder beside it, one of each store."""
    from kstore.fleet.report import has_pages, page, page_name, store_page
    from kstore.source.user_cache import write_whole

    folder = file.with_name(f"{file.stem}-stores") if has_pages(kind) else None
    if folder is not None:
        for one in results:
            write_whole(folder / page_name(one["address"]), "".join(store_page(one, worded)).encode())
    write_whole(file, "".join(page(kind, results, folder.name if folder else "")).encode())


def _write(columns: Sequence[str], types: Sequence[str], rows: Any, output: str) -> None:
    if output == "parquet":
        from kstore.sql.parquet import write_table

        if sys.stdout.isatty():
            raise UsageError("Parquet is not written to a terminal", hint="… -o parquet > fleet.parquet")
        write_table(columns, types, rows, sys.stdout.buffer)
        return
    from kstore.view.rows_text import FORMS

    sys.stdout.writelines(FORMS[output](columns, types, rows))


def _name_failures(results: Sequence[Result]) -> None:
    from kstore.fleet.report import failed

    for one in failed(results):
        why = one["error"].replace(f"{one['address']}: ", "", 1)  # most errors name the place themselves
        click.echo(f"kstore: {one_line(one['address'])}: {one['status']}: {one_line(why)}", err=True)


def _results(kind: str, stores: Sequence[str], asked: dict[str, Any], given: dict[str, Any]) -> list[Result]:
    """The result of every store, in the order in which they were named."""
    from kstore.fleet.report import current
    from kstore.fleet.run import pool_of, run
    from kstore.source.location.address import parse_duration

    tasks, names = _tasks(kind, [*stores, *_lines(given["listed"])], asked)
    timeout = parse_duration(given["timeout"], "--timeout")
    found: dict[str, Result] = {}
    with pool_of(given["scheduler"], given["workers"]) as pool, _watched(len(tasks), given["timeout"]) as tell:
        for one in run(tasks, pool, timeout=timeout, retries=given["retries"], remembers=not given["no_cache"]):
            address = one["address"]
            found[address] = current(one, names[address])
            tell(found[address])
    return [found[task.address] for task in tasks]


def _tasks(kind: str, named: Iterable[str], asked: dict[str, Any]) -> tuple[list[Task], dict[str, str]]:
    """
    A task for each store that is named, and what each address is called.

    Raises:
        UsageError: none is, or a pattern matches nothing.
    """
    from kstore.fleet.named import named_stores, shown_names
    from kstore.fleet.tasks import Task, as_reading

    given = settings()
    if given.store or given.context or given.rev:
        raise UsageError("--store is not used here: stores are arguments", hint="kstore fleet check STORE…")
    session = Session(given)
    options, given = session.source_options(), session.given
    flags_of(given)  # raises here what is not understood, and not once a store
    keys = given.encryption_provider_config
    named_options = {
        "release": given.release, "flags": words_of(given), "prefix": given.etcd_prefix,
        "encryption_config": str(Path(keys).absolute()) if keys else "",
    }  # fmt: skip
    reading = {**as_reading(options), **{name: value for name, value in named_options.items() if value}}
    if "-" in (names_given := list(named)):
        raise UsageError("standard input is no store of a fleet", hint="--stores - reads the names of stores from it")
    stores = named_stores(names_given, options)
    if not stores:
        raise UsageError("no store is named", hint="kstore fleet check 'night/*.db', or --stores FILE")
    names = shown_names(stores)
    return [Task(kind, one.address, reading, {**asked, **_written(asked, names[one.address])}, one.mark)
            for one in stores], names  # fmt: skip


def _written(asked: Mapping[str, Any], name: str) -> dict[str, str]:
    """What is written of a store bears its name."""
    return {"store": name} if "folder" in asked else {}


def _lines(file: str) -> Iterator[str]:
    if file:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        yield from (line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))


@contextmanager
def _watched(total: int, timeout: str) -> Iterator[Callable[[Result], None]]:
    """Show on standard error how far the run is; what is yielded takes each result."""
    if not settings().progress or settings().quiet:
        yield lambda _: None
        return
    from kstore.cli.fleet_progress import Lines, LiveTable, Tally

    tally = Tally(total, timeout)
    with LiveTable(tally) if sys.stderr.isatty() else Lines(tally) as shown:
        yield shown.tell
