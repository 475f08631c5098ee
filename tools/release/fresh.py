"""
Installs what was built as users do, by pip, pipx and uv, each in an environment of its own, and uses it there.

Every Python of 3.11 to 3.14 that is on the path, or below pyenv's folder, gets the wheel by pip; pipx and uv take the
newest of them. What cannot be tried is said.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.release.artefacts import sdist_of, wheel_of
from tools.release.smoke import use
from tools.release.version import ReleaseFault, version_of

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
EXTRAS = "cel,wal,secretbox"
"""What the container has, too."""


def interpreters() -> Iterator[tuple[str, Path]]:
    """Each version of Python that is here, with its program."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in PYTHONS:
        program = f"python{version}"
        places = sorted(versions.glob(f"{version}.*/bin/{program}"))
        places += [Path(on_path)] if (on_path := shutil.which(program)) else []
        for place in places:
            asked = [str(place), "-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"]
            ran = subprocess.run(asked, capture_output=True, text=True, check=False)
            if ran.stdout.strip() == version:
                yield version, place
                break


def run(*command: str | Path, **environment: str) -> None:
    """Run an installer, which must succeed; what it prints is shown where it does not."""
    ran = subprocess.run(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if ran.returncode:
        raise ReleaseFault(f"{' '.join(map(str, command))}:\n{ran.stdout.decode()}")


def tool(name: str) -> Path:
    """A program that is installed beside the Python that runs this."""
    return Path(sys.executable).parent / name


def environment_of(python: Path, folder: Path, *wanted: str | Path) -> Path:
    """A new environment with what is wanted, by its own pip; its folder of programs."""
    run(python, "-m", "venv", folder)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    run(programs / "python", "-m", "pip", "install", "--quiet", "--no-compile", *wanted)
    return programs


def verify(folder: Path) -> None:
    """
    Install the wheel and the sdist wherever that can be done, and use each.

    Raises:
        ReleaseFault: one cannot be installed, or does not do what it should.
    """
    found = dict(interpreters())
    for missing in (one for one in PYTHONS if one not in found):
        print(f"not tried: there is no Python {missing} here")
    if not found:
        raise ReleaseFault("there is no Python to install it with")
    wheel, sdist = wheel_of(folder), sdist_of(folder)
    newest = found[max(found, key=PYTHONS.index)]
    oldest = found[min(found, key=PYTHONS.index)]
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        for version, python in found.items():
            _tried(f"pip, the wheel, Python {version}", environment_of(python, place / version, wheel), place)
        _tried("pip, the sdist", environment_of(oldest, place / "sdist", sdist), place)
        # the tools are run from this environment, their folders are the scratch's
        homes = {name: str(place / name) for name in ("PIPX_HOME", "PIPX_BIN_DIR", "PIPX_MAN_DIR", "UV_TOOL_DIR")}
        homes |= {
            "UV_HTTP_TIMEOUT": "300",
            "UV_TOOL_BIN_DIR": str(place / "uv-bin"),
            "PIPX_DEFAULT_PYTHON": str(newest),
        }
        homes["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        run(tool("pipx"), "install", wheel, **homes)
        _tried("pipx", place / "PIPX_BIN_DIR", place, **homes)
        if not (place / "PIPX_MAN_DIR" / "man1" / "kstore.1").exists():
            raise ReleaseFault("pipx laid out no manual page")
        run(tool("uv"), "tool", "install", "--no-python-downloads", "--python", newest, wheel, **homes)
        _tried("uv tool", place / "uv-bin", place, **homes)


def _tried(what: str, programs: Path, place: Path, **environment: str) -> None:
    with tempfile.TemporaryDirectory(dir=place) as home:
        use(programs, Path(home), environment)
    print(f"tried: {what}")


def bill_of_materials(root: Path, folder: Path) -> None:
    """
    List what a fresh environment with the wheel has in it: a CycloneDX file, with licences and versions.

    Raises:
        ReleaseFault: the list cannot be made, or lacks what was asked for.
    """
    bill = folder / f"kstore-{version_of(root)}.cdx.json"
    with tempfile.TemporaryDirectory() as scratch:
        python = Path(scratch) / "bin" / "python"
        run(tool("uv"), "venv", "--python", sys.executable, scratch)
        run(tool("uv"), "pip", "install", "--python", python, f"kstore[{EXTRAS}] @ {wheel_of(folder).as_uri()}")
        options: list[str | Path] = [
            "--pyproject",
            root / "pyproject.toml",
            "--output-reproducible",
            "--output-file",
            bill,
        ]
        run(sys.executable, "-m", "cyclonedx_py", "environment", "--validate", *options, python)
    _finish(bill, version_of(root))


def _finish(bill: Path, version: str) -> None:
    """Give kstore its version, and take away where on this machine the wheel lay."""
    found = json.loads(bill.read_text())
    found["metadata"]["component"]["version"] = version
    components = [found["metadata"]["component"], *found["components"]]
    for component in components:
        links = component.get("externalReferences", [])
        component["externalReferences"] = [link for link in links if not link["url"].startswith("file:")]
    names = {component["name"] for component in components}
    if missing := {"kstore", "click", "grpcio", "orjson", "cryptography"} - names:
        raise ReleaseFault(f"{bill.name} lacks {', '.join(sorted(missing))}")
    bill.write_text(json.dumps(found, indent=2) + "\n")
