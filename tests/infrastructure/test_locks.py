"""What the locks may say: hashes of everything, and no registry, which is the reader's own."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = [*ROOT.glob("requirements/*.txt"), ROOT / "layers" / "billfold" / "requirements.txt"]


@pytest.mark.parametrize("lock", PYTHON, ids=lambda path: path.stem)
def test_python_locks_name_no_registry(lock: Path) -> None:
    text = lock.read_text()
    assert "--hash=sha256:" in text
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)


@pytest.mark.parametrize("folder", ["portal", "benchmarks"])
def test_node_locks_name_no_registry(folder: str) -> None:
    lock = json.loads((ROOT / folder / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    assert not [name for name, entry in packages.items() if "integrity" not in entry]
