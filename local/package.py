"""Builds the layer and the functions for the Python of this machine.

The layer's recipe is the one that `sam build` runs. Its dependencies are kept for as long as
their lock is the same; the package billfold is copied every time.

The emulator unpacks a layer for every worker process anew (a second and 54 MB each), where Lambda
mounts one copy for all. So the archive holds only a path file that leads to that one copy.
"""

import compileall
import hashlib
import io
import os
import shutil
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

from local.failure import StackError
from local.layout import ROOT
from local.processes import run_to_end

LAYER = ROOT / "layers" / "billfold"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
# Files get the same time in every archive, so that the same content gives the same address.
STABLE_TIME = (2020, 1, 1, 0, 0, 0)


def layer(build: Path, copy: Path) -> bytes:
    """Build the layer's content and give the archive that leads to it.

    Parameters
    ----------
    build
        Where the dependencies are kept.
    copy
        Where the package billfold goes: a copy, so that what runs does not change while someone
        edits.
    """
    dependencies = install(build) / "python"
    shutil.rmtree(copy, ignore_errors=True)
    caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(LAYER / "billfold", copy / "billfold", ignore=caches)
    compileall.compile_dir(copy, quiet=2)
    # Inserted in front, because the emulator's own environment has other versions of boto3.
    lead = f"import sys; sys.path[:0] = {[str(copy), str(dependencies)]!r}"
    content = hashlib.sha256(b"".join(path.read_bytes() for _, path in _files(copy))).hexdigest()
    site = f"python/lib/python{VERSION}/site-packages"
    return _archive([(f"{site}/layer.pth", lead.encode()), ("content", content.encode())])


def function(folder: Path) -> bytes:
    """Give a function's archive.

    Raises
    ------
    StackError
        There is no such function.
    """
    if not (folder / "app.py").exists():
        raise StackError(f"template.yaml names {folder.relative_to(ROOT)}, which has no app.py")
    return _archive((name, path.read_bytes()) for name, path in _files(folder))


def install(build: Path) -> Path:
    """Install the layer's requirements, unless that was done for the same lock and Python.

    Raises
    ------
    StackError
        The package index cannot be reached, or uv is missing.
    """
    digest = hashlib.sha256(VERSION.encode())
    for name in ("requirements.txt", "Makefile"):
        digest.update((LAYER / name).read_bytes())
    target = build / f"layer-{digest.hexdigest()[:16]}"
    if target.exists():
        return target
    fresh = build / f"{target.name}.{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    command = [
        "make", "--silent", "--directory", str(LAYER), "dependencies", "bytecode",
        f"ARTIFACTS_DIR={fresh}", f"UV={_uv()}", f"PYTHON={sys.executable}",
        f"PYTHON_VERSION={VERSION}", "PLATFORM=",
    ]  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
    result = run_to_end(command, environment)
    if result.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        said = " | ".join(line.strip() for line in result.stderr.splitlines() if line.strip())
        raise StackError(
            f"the layer cannot be installed; is the package index reachable? {said[-400:]}"
        )
    for old in build.glob("layer-*"):
        if old.name.partition(".")[0] != fresh.name.partition(".")[0]:
            shutil.rmtree(old, ignore_errors=True)
    try:
        fresh.rename(target)
    except OSError:
        # Another stack of this repository was faster; its result is the same.
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def _uv() -> str:
    given = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".local/bootstrap/bin/uv")
    if not shutil.which(given):
        raise StackError("uv is not installed: run `make setup`")
    return given


def _files(folder: Path) -> list[tuple[str, Path]]:
    """List a folder's files with their names inside it, without Python's caches."""
    return [
        (path.relative_to(folder).as_posix(), path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]


def _archive(files: Iterable[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name, STABLE_TIME), content)
    return buffer.getvalue()
