"""What the runs of this session came to, for the summary."""

from tests.proof.crash.runs import Tally

TALLIES: dict[str, Tally] = {}
