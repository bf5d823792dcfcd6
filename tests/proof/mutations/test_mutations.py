"""Each guard of the product is taken away in turn, and the proof has to notice."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

import pytest

from tests.proof.crash.sites import Sites
from tests.proof.mutations import histories
from tests.proof.mutations.cards import CARDS
from tests.proof.mutations.outside import OUTSIDE
from tests.proof.mutations.probes import Probe, history, words_of
from tests.proof.mutations.restores import RESTORES
from tests.proof.mutations.services import SERVICES
from tests.proof.mutations.surgery import Cut, NotThereError, removed
from tests.proof.mutations.table import ROW, Mutation
from tests.proof.mutations.writes import WRITES

MUTATIONS: Final = (*WRITES, *SERVICES, *CARDS, *RESTORES, *OUTSIDE)


def without(cuts: Sequence[Cut], probe: Probe, sites: Sites) -> list[str]:
    with removed(cuts):
        return words_of(probe, sites)


@cache
def _untouched(name: str, probe: Probe, sites: Sites) -> list[str]:
    del name
    return words_of(probe, sites)


def judge(mutation: Mutation, sites: Sites) -> None:
    """Require that the probe tells the product from one without the guard."""
    name, probe = mutation.caught_by
    sound = _untouched(name, probe, sites)
    assert sound == [], f"{name} finds fault with the product as it is: {sound}"
    alone = without(mutation.cuts, probe, sites)
    if mutation.doubled_by:
        assert alone == [], f"{mutation.guard} stands alone, and is said to be doubled: {alone}"
        alone = without((*mutation.cuts, *mutation.doubled_by), probe, sites)
    caught = any(mutation.words in words for words in alone)
    assert caught, f"nothing notices that this is gone: {mutation.guard}; found: {alone}"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.guard)
def test_the_proof_notices(
    mutation: Mutation, sites: Sites, record_property: Callable[[str, object], None]
) -> None:
    judge(mutation, sites)
    record_property(ROW, mutation.row())


def test_the_table_is_of_some_length_and_names_each_guard_once() -> None:
    guards = [mutation.guard for mutation in MUTATIONS]
    assert len(guards) == len(set(guards)) >= 60
    assert all(mutation.words for mutation in MUTATIONS)
    assert all(bool(mutation.double) == bool(mutation.doubled_by) for mutation in MUTATIONS)


def test_what_nothing_notices_fails(sites: Sites) -> None:
    """A cut that changes no behaviour, as a guard would be that nobody tests."""
    cut = Cut("services.outbox:deliver", "if written.facts:", "if written.facts or ():")
    idle = Mutation("nothing", (cut,), history(histories.paid), "wrong")
    with pytest.raises(AssertionError, match="nothing notices that this is gone: nothing"):
        judge(idle, sites)


def test_what_is_doubled_by_nothing_fails(sites: Sites) -> None:
    ledger, other = (
        Cut("adapters.dynamodb.payments:DynamoPayments.settle", text)
        for text in ("put_ledger(payment, succeeded, now),", '"open_sort": None,')
    )
    mutation = Mutation(
        "ledger",
        (ledger,),
        history(histories.paid),
        "ledger",
        doubled_by=(other,),
        double="an index",
    )
    with pytest.raises(AssertionError, match="ledger stands alone"):
        judge(mutation, sites)


@pytest.mark.parametrize(
    ("where", "text", "said"),
    [
        ("services.settle:end", "no such text", "0 times"),
        ("services.settle:end", "payment", "not once"),
        ("services.settle:ended", "payment", "is not there"),
        ("services.settle:Payment.end", "payment", "is not there"),
    ],
)
def test_what_the_product_has_not_fails(where: str, text: str, said: str) -> None:
    with pytest.raises(NotThereError, match=said), removed((Cut(where, text),)):
        pass


def test_the_product_is_whole_again_afterwards(sites: Sites) -> None:
    """Whoever has imported a function has the one that is put back."""
    for mutation in MUTATIONS:
        with removed((*mutation.cuts, *mutation.doubled_by)):
            pass
    assert words_of(history(histories.paid)[1], sites) == []
