"""
Tasks on the workers of a Dask cluster that is there already.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from kstore.errors import ExtraMissing, SourceError
from kstore.fleet.child import LOST, Result, run_in_worker


class DaskPool:
    """
    The workers of a scheduler.

    Args:
        address: the scheduler's: `tcp://host:8786`.
        timeout: seconds in which it must answer.

    Raises:
        ExtraMissing: Dask is not installed.
        SourceError: the scheduler does not answer, has no workers, or is of other versions than this process.
    """

    def __init__(self, address: str, *, timeout: float = 10) -> None:
        try:
            import distributed
        except ImportError:
            raise ExtraMissing("a scheduler needs Dask", extra="fleet") from None
        try:
            self._client = _connected(distributed, address, timeout)
        except (OSError, ValueError) as error:
            raise SourceError(f"no Dask scheduler answers: {error}", where=address) from None
        try:
            self._see_that_versions_agree(address)
        except BaseException:
            self._client.close()
            raise

    def _see_that_versions_agree(self, address: str) -> None:
        found = self._client.get_versions(check=False, packages=["kstore"])
        if not found["workers"]:
            raise SourceError("the scheduler has no workers", where=address, hint="dask worker ADDRESS")
        mine = _packages(found["client"])
        for name, part in {"the scheduler": found["scheduler"], **found["workers"]}.items():
            for package, told in _packages(part).items():
                if told != mine[package]:
                    raise SourceError(
                        f"{name} has {package} {told or 'not installed'}, this process {mine[package]}", where=address,
                        hint="the same versions everywhere: one image for scheduler, workers and client",
                    )  # fmt: skip

    def results(self, tasks: Sequence[dict[str, Any]], timeout: float, retries: int) -> Iterator[Result]:
        """Yield each task's result as soon as it is known; what a dead worker had begun is begun again elsewhere."""
        import distributed

        completed: Any = distributed.as_completed
        begun = [
            self._client.submit(run_in_worker, task, timeout, retries, pure=False, retries=retries) for task in tasks
        ]
        addresses = {future.key: task["address"] for future, task in zip(begun, tasks, strict=True)}
        waiting = completed(begun, loop=self._client.loop)
        begun.clear()  # a result that nobody holds any more is let go by scheduler and worker
        for future in waiting:
            error = future.exception()
            if error is None:
                result: Result = future.result()
                yield result
            else:
                yield {
                    "address": addresses[future.key], "status": LOST, "rows": [], "seconds": 0.0, "kstore": "",
                    "error": f"its workers died: {type(error).__name__}",
                }  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()


def _connected(distributed: Any, address: str, timeout: float) -> Any:
    """A client; of versions that differ it warns with a table, where here an error says it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", distributed.versions.VersionMismatchWarning)
        return distributed.Client(address, timeout=timeout, set_as_default=False)


def _packages(part: dict[str, Any]) -> dict[str, str]:
    """The versions that must agree, of one side of the cluster; empty for what is not installed there."""
    python = ".".join(str(part["host"]["python"]).split(".")[:2])
    return {"Python": python, **{name: part["packages"].get(name) or "" for name in ("kstore", "dask", "distributed")}}
