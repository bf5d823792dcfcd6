"""Every cast is searched to its end with every guard in place, and every promise holds."""

import pytest

from tests.proof.casts import CASTS, LARGE, PROVE, WORLDS, searched

WANTED = {**CASTS, **LARGE} if PROVE else CASTS


@pytest.mark.timeout(3600 if PROVE else 900)
@pytest.mark.parametrize("cast", WANTED)
def test_every_promise_holds_in_every_reachable_world(cast: str) -> None:
    result, _ = searched(cast)
    assert not result.broken, str(result)
    assert result.states == WORLDS[cast], "a behaviour was lost, or has come in: see WORLDS"
