"""The drill of a restored table on the whole stack, under the real roles (make restore-drill)."""

from pathlib import Path

import pytest

from local.restore_drill import Drill, run
from tests.conftest import a_stack

pytestmark = pytest.mark.e2e


def test_after_a_restore_nobody_is_charged_twice_and_the_books_agree(tmp_path: Path) -> None:
    with a_stack(tmp_path) as stack:
        lines = list(run(Drill(stack)))
    assert [line for line in lines if "1 -> 1" in line]
