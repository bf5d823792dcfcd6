"""The embedded stack, for the tests that need all of it."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local.borrowed import fresh


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Give one stack to all tests; its ``stack.json`` as a dict."""
    with a_stack(tmp_path_factory.mktemp("stack")) as made:
        yield made


@contextmanager
def a_stack(state: Path, **settings: str) -> Iterator[dict[str, Any]]:
    """Give a stack of its own, on free ports, gone afterwards.

    With ``BILLFOLD_STACK`` naming the ``stack.json`` of a running one, that one is used.
    """
    running = os.environ.get("BILLFOLD_STACK")
    if running:
        yield json.loads(Path(running).read_text())
        return
    with fresh(state, **settings) as made:
        yield made


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Tell whoever waits for a long test how far it is; only while proving."""
    plugins = request.config.pluginmanager
    reporter, capture = plugins.get_plugin("terminalreporter"), plugins.get_plugin("capturemanager")

    def write(line: str) -> None:
        if reporter and capture and os.environ.get("BILLFOLD_PROVE"):
            with capture.global_and_fixture_disabled():
                reporter.write_line(line)
                reporter.flush()

    return write
