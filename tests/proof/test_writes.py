"""The model's writes are the product's: both are done in the same states, and do the same.

Each write of the protocol is tried in every scene of ``scenes``, by the model, by the real adapters
on moto's DynamoDB and by the repositories in memory: the same verdict, and the same table after.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

import boto3
import pytest
from billfold.adapters.dynamodb.table import Table
from billfold.domain.invoice_change import InvoiceChange
from billfold.domain.payment import Decline, Dispute, Step
from billfold.services.ports import StaleError
from moto import mock_aws

from tests.adapters.conftest import table_definition
from tests.adapters.contract import LATER
from tests.builders import NOON, an_entry
from tests.proof import nouns
from tests.proof.casts import PROVE, law_without
from tests.proof.crash import nearby
from tests.proof.law import CONDITIONS, FORBIDDEN, Law
from tests.proof.scenes import KINDS, NEXT, Scene, granted, with_one, with_two
from tests.proof.tables import Dynamo, Lax, Memory, Product
from tests.proof.world import SAVED, World

NO: Final = Decline("card_declined", "Try another card.")


@pytest.fixture(scope="module")
def dynamo() -> Iterator[Dynamo]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "testing")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        client = boto3.client("dynamodb", "us-east-1")
        nearby.install(patch)
        client.create_table(TableName="writes", **table_definition())
        yield Dynamo(Table(client, "writes"))


def _end(step: Step, *, raise_epoch: bool = False) -> Callable[[Product, Scene], object]:
    return lambda p, s: p.payments.end(
        nouns.the_payment(0, s.was), step, raise_epoch=raise_epoch, entry=an_entry()
    )


def _close(product: Product, scene: Scene) -> object:
    payment = nouns.the_payment(0, scene.was)
    return product.payments.close(payment, entry=an_entry(), look_on=None)


def _fencing(scene: Scene) -> InvoiceChange:
    """Return the change as whoever goes on with it has read it."""
    return nouns.the_change(0, scene.world.changes[0]._replace(state="fencing"))


def _finish(product: Product, scene: Scene) -> object:
    look_on = NOON.date()
    return product.invoice_changes.finish(_fencing(scene), entry=an_entry(), look_on=look_on)


_WRITES: Final[Mapping[str, Callable[[Product, Scene], Any]]] = {
    # Of an order that was tried before the id would be another one; the request is the same.
    "reserve": lambda p, s: p.payments.reserve(
        nouns.the_payment(0, s.was, "pay_0_new"), n=s.n, fingerprint="f", lease_until=LATER
    ),
    "write ahead": lambda p, s: p.payments.write_ahead(
        nouns.the_payment(0, s.was), intent=f"pi_{s.intent}", n=s.n, lease_until=LATER
    ),
    "doubt": lambda p, s: p.payments.doubt(nouns.the_payment(0, s.was), lease_until=LATER),
    "action": lambda p, s: p.payments.action(
        nouns.the_payment(0, s.was), lease_until=LATER, entry=an_entry()
    ),
    "settle": lambda p, s: p.payments.settle(
        nouns.the_payment(0, s.was), nouns.charge(s.world, s.intent), entry=an_entry()
    ),
    "decline": lambda p, s: p.payments.decline(
        nouns.the_payment(0, s.was), NO, None, entry=an_entry()
    ),
    "refuse": _end(Step.REFUSE),
    "release": _end(Step.RELEASE),
    "release, next epoch": _end(Step.RELEASE, raise_epoch=True),
    "fence": _end(Step.FENCE, raise_epoch=True),
    "review": lambda p, s: p.payments.review(
        nouns.the_payment(0, s.was), None, lease_until=LATER, entry=an_entry()
    ),
    "review of money": lambda p, s: p.payments.review(
        nouns.the_payment(0, s.was),
        nouns.charge(s.world, s.intent),
        lease_until=LATER,
        entry=an_entry(),
    ),
    "close": _close,
    "close without lock": _close,
    "reflect": lambda p, s: p.payments.reflect(
        nouns.the_payment(0, s.was), refunded=1000, dispute=Dispute.OPEN, entry=an_entry()
    ),
    "begin generation": lambda p, s: p.invoices.begin_generation(
        nouns.invoice_as_read(s.world, s.was.epoch, s.n), NEXT
    ),
    "begin generation, recorded": lambda p, s: p.invoices.begin_generation(
        nouns.invoice_as_read(s.world, s.was.epoch, s.n), NEXT, recorded_since=NOON
    ),
    "delete card": lambda p, s: p.customers.save(
        nouns.wallet_as_read().delete(nouns.CARD.card_id), an_entry()
    ),
    "begin change": lambda p, s: p.invoice_changes.begin(
        nouns.the_change(0, s.change), lease_until=LATER
    ),
    "finish void": _finish,
    "finish amount": _finish,
    "refuse change": lambda p, s: p.invoice_changes.refuse(
        _fencing(s), entry=an_entry(), begun=True
    ),
}


def difference(product: Product, scene: Scene) -> str:
    """Tell what the product makes of a scene, if the model makes something else of it."""
    product.lay_out(scene.world)
    before = product.read(scene.world)
    assert before[:SAVED] == scene.world[:SAVED], "laid out otherwise"
    expected = scene.in_model(Law())
    try:
        _WRITES[scene.kind](product, scene)
    except StaleError:
        written = None
    else:
        written = product.read(scene.world)
    if (expected is None) != (written is None):
        return f"{scene.kind}, {scene.told}: only the {'product' if written else 'model'} writes"
    after, wanted = written or product.read(scene.world), expected or scene.world
    wrong = [
        f"{name} is {after[i]}, in the model {wanted[i]}"
        for i, name in enumerate(World._fields[:SAVED])
        if after[i] != wanted[i]
    ]
    return f"{scene.kind}, {scene.told}: {'; '.join(wrong)}" if wrong else ""


def differences(product: Product, scenes: Iterator[Scene]) -> list[str]:
    return [found for found in (difference(product, scene) for scene in scenes) if found]


@pytest.mark.parametrize("kind", KINDS)
def test_dynamodb_writes_what_the_model_writes(kind: str, dynamo: Dynamo) -> None:
    assert not differences(dynamo, with_one(kind, step=1 if PROVE else 15))
    assert not differences(dynamo, islice(with_two(kind), 0, None, 1 if PROVE else 60))


@pytest.mark.parametrize("kind", KINDS)
def test_the_memory_writes_what_the_model_writes(kind: str) -> None:
    memory = Memory()
    assert not differences(memory, with_one(kind))
    assert not differences(memory, islice(with_two(kind), 0, None, 1 if PROVE else 9))


UNTOLD: Final = {
    ("#currency = :currency", ""): "the model has one currency",
    ("attribute_not_exists(pk)", ""): "of a new identifier, or of an entry",
    ("#last_payment = :before", ""): "the same call has just read it: for a race alone",
    ("#lock = :payment_id", "close"): "the same call has just read it: for a race alone",
}
"""Conditions of the product that no scene tells of, perhaps of one write alone, and why."""


@pytest.mark.parametrize("kind", KINDS)
def test_no_condition_of_dynamodb_can_go_without_being_missed(kind: str, dynamo: Dynamo) -> None:
    """Each is made true in turn, and then some scene is written that the model refuses."""
    lax = Lax(dynamo.table)
    product = Dynamo(lax)
    conditions: list[str] = []
    for scene in granted(kind):
        assert not difference(product, scene)
        conditions = max(conditions, lax.seen, key=len)
    for number, condition in enumerate(conditions):
        lax.forget = number
        untold = {(condition, ""), (condition, kind)} & UNTOLD.keys()
        missed = any(difference(product, scene) for scene in with_one(kind, step=99))
        assert missed or untold, condition


@pytest.mark.parametrize("guard", [*CONDITIONS, *FORBIDDEN])
def test_no_condition_of_the_model_can_go_without_being_missed(guard: str) -> None:
    law = law_without(guard)
    scenes = (scene for kind in KINDS for scene in with_one(kind))
    assert any(scene.in_model(law) != scene.in_model(Law()) for scene in scenes)
