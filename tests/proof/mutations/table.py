"""The guards of the product that are taken away, and by what part of the proof that is noticed."""

from dataclasses import dataclass
from typing import Final

from tests.proof.mutations.probes import Probe
from tests.proof.mutations.surgery import Cut

ROW: Final = "mutations"
"""A row goes with its test's report, so that it also comes from another process."""
HEADER: Final = "guard | removed: text -> instead | caught by: where: in which words"


@dataclass(frozen=True)
class Mutation:
    """A guard, the cuts that remove it, and the probe that then says ``words``.

    With ``doubled_by`` the product is as safe without it, since another guard refuses the same;
    the probe finds nothing until that one is removed as well.
    """

    guard: str
    cuts: tuple[Cut, ...]
    caught_by: tuple[str, Probe]
    words: str
    doubled_by: tuple[Cut, ...] = ()
    double: str = ""

    def row(self) -> str:
        """Give guard, how it was removed, and what caught it, as one line of a table."""
        removed = "; ".join(_short(cut) for cut in self.cuts)
        caught = f"{self.caught_by[0]}: {self.words}"
        if self.double:
            caught = f"nothing alone, doubled by {self.double}; both gone, {caught}"
        return f"{self.guard} | {removed} | {caught}"


def _short(cut: Cut) -> str:
    where = cut.where.rpartition(":")[2]
    return f"{where}: {' '.join(cut.text.split())} -> {' '.join(cut.instead.split()) or 'nothing'}"
