"""
Writes docs/pictures, of the demo store: screens of `browse` at three sizes (SVG), and `report` in Chromium, light and
dark, narrow and wide (PNG).

    python -m tools.generate_screens
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from textual.app import App

from kstore.cli.browse.browser import Browser
from kstore.cli.browse.contents import Contents
from kstore.cli.browse.prompt import Prompt
from kstore.cli.session import Session
from kstore.cli.settings import Settings

TARGET = Path(__file__).parents[1] / "docs" / "pictures"
SIZES = ((80, 24), (120, 40), (200, 60))
"""Columns and lines."""
SCREENS = {
    "start": (),
    "object": (":deploy/shop/frontend",),
    "history": (":configmaps/shop/settings", "h"),
    "help": ("question_mark",),
}
"""By name, what is done to see it: keys, and lines for the prompt."""
_ELSEWHERE = re.compile(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", re.DOTALL)
REPORT = {f"{shade}-{width}": (shade, width) for shade in ("light", "dark") for width in (1280, 390)}
_LOOK = 1000
"""So many pixels of the page are shown."""


@contextmanager
def _demo() -> Iterator[Contents]:
    session = Session(Settings(store="demo"), {})
    try:
        yield Contents(session)
    finally:
        session.close()


async def _shown(contents: Contents, size: tuple[int, int], done: tuple[str, ...]) -> tuple[str, str]:
    app = Browser(contents)
    async with app.run_test(size=size) as pilot:

        async def settle() -> None:
            for _ in range(5):
                await app.workers.wait_for_complete()
                await pilot.pause(0.2)

        await settle()
        for one in done:
            if one.startswith(":"):
                await pilot.press("colon")
                app.screen.query_one(Prompt).value = one[1:]
                one = "enter"
            await pilot.press(one)
            await settle()
        return text_of(app), _ELSEWHERE.sub("", app.export_screenshot(title="kstore --store demo browse"))


def text_of(app: App[None]) -> str:
    """What is on the screen, as text."""
    return "".join(f"{strip.text.rstrip()}\n" for strip in app.screen._compositor.render_strips())


def screen(name: str, size: tuple[int, int]) -> tuple[str, str]:
    """A screen of the browser on the demo store, as text and as SVG."""
    with _demo() as contents:
        return asyncio.run(_shown(contents, size, SCREENS[name]))


def report(folder: Path, chromium: str) -> None:
    """Pictures of the report's beginning; Chromium shows it as somebody's screen would."""
    page = folder / "report.html"
    command = [sys.executable, "-m", "kstore", "--store", "demo", "report", "--target-release", "1.37"]
    page.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    for name, (shade, width) in REPORT.items():
        picture(chromium, folder, page.as_uri(), TARGET / f"report-{name}.png", shade, width)


def picture(chromium: str, folder: Path, address: str, target: Path, shade: str, width: int) -> None:
    """One picture; a page narrower than a window may be is shown in a frame of its width."""
    frame = folder / "frame.html"
    frame.write_text(
        f"<!doctype html><style>:root {{ color-scheme: {shade} }} body {{ margin: 0 }} iframe {{ border: 0 }}</style>"
        f'<iframe src="{address}" width="{width}" height="{_LOOK}"></iframe>'
    )
    dark = (
        ["--blink-settings=preferredColorScheme=0"] if shade == "dark" else ["--blink-settings=preferredColorScheme=1"]
    )
    command = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files",
        f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=3000", *dark,
        f"--window-size={max(width, 500)},{_LOOK}", f"--screenshot={target}", frame.as_uri(),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def main() -> int:
    """Write all of them."""
    TARGET.mkdir(exist_ok=True)
    for size in SIZES:
        (TARGET / f"browse-{size[0]}x{size[1]}.svg").write_text(screen("start", size)[1])
    for name in ("object", "history", "help"):
        (TARGET / f"browse-{name}.svg").write_text(screen(name, SIZES[0])[1])
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("no chromium is installed: the pictures of the report stay as they are", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder), chromium)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
