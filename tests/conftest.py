"""The embedded stack, one for all tests that need all of it: over HTTP and in the browser."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.borrowed import fresh


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A stack of its own, on free ports, gone afterwards; its ``stack.json`` as a dict.

    With ``BILLFOLD_STACK`` naming the ``stack.json`` of a running one, that one is used.
    """
    running = os.environ.get("BILLFOLD_STACK")
    if running:
        yield json.loads(Path(running).read_text())
        return
    with fresh(tmp_path_factory.mktemp("stack")) as made:
        yield made
