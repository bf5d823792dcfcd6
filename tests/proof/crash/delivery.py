"""The ways into the functions: Stripe posts and SQS polls, each until it is heard."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import pytest
from billfold import bootstrap
from billfold.adapters.dynamodb.keys import PARKED
from billfold.domain.errors import NotFoundError
from billfold.domain.fact import Actor
from billfold.domain.mail_catalogue import WRITTEN
from billfold.domain.payment import State

from tests.proof.crash import functions
from tests.proof.crash.aws_side import AwsSide
from tests.proof.crash.functions import Cold, invoke
from tests.proof.crash.nearby import items
from tests.proof.crash.sites import Sites
from tests.proof.crash.stripe_side import signature
from tests.proof.crash.wire import Mode, WiredAws
from tests.proof.crash.world import World
from tests.proof.witnesses import BusEnd

ROUNDS: Final = 6
"""More than one failure needs: what is not heard by then, a dead-letter queue would have."""
QUEUES: Final = ("stripe_events", "register_customer", "issue_invoice", "notify")
"""Each is emptied by the function of its name."""
DEAD: Final = "dead"
_ACTORS: Final = {"register_customer": Actor.BUSINESS, "issue_invoice": Actor.BUSINESS}


@dataclass(frozen=True, slots=True)
class Bus:
    """The far end of the bus, with the rule that queues what is worth a mail."""

    end: BusEnd
    queue: Callable[[str], None]

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, int]:  # noqa: N803 - AWS's
        answer = self.end.put_events(Entries)
        told = self.end._history.told[-len(Entries) :]
        for one in told:
            if one.kind in WRITTEN:
                self.queue(functions.told(one.kind.value, one.detail, "billfold"))
        return answer


class Delivery(World):
    """A world with the queues before the functions, and everybody who delivers to them."""

    def __init__(self, sites: Sites, aws: AwsSide, patch: pytest.MonkeyPatch) -> None:
        super().__init__(sites)
        self.aws = aws
        aws.forget()
        self.email = f"{self.customer_id}@example.com"
        self.newcomer = f"new-{self.customer_id}"
        self.queue_urls = {
            name: aws.create_queue(f"{name}-{sites.runs}") for name in (*QUEUES, DEAD)
        }
        patch.setenv("STRIPE_EVENTS_QUEUE_URL", self.queue_urls["stripe_events"])
        patch.setenv("DEAD_LETTER_QUEUE_URL", self.queue_urls[DEAD])
        end = BusEnd(self.history, self.auditor)
        bus = Bus(end, lambda body: self.put("notify", body))
        self.wired_bus = WiredAws(bus, sites.wire, lambda: end.calls)
        patch.setattr(bootstrap, "_client", self._client)
        self.posts: dict[str, bool] = {}
        self.queued: list[tuple[str, str]] = []
        self.sent: dict[str, Any] = {}
        self.failed_in = ""

    def _client(self, service: str, **_: Any) -> Any:
        return self.wired_bus if service == "events" else self.aws.wired[service]

    def close(self) -> None:
        super().close()
        for url in self.queue_urls.values():
            self.aws.delete_queue(url)

    # What comes

    def stripe_posts(self) -> None:
        """Let Stripe begin to deliver what has happened there so far."""
        for payload in self.stripe.payloads():
            self.posts.setdefault(payload, False)

    def put(self, queue: str, body: str) -> None:
        """Let EventBridge put an event into a queue."""
        self.queued.append((queue, body))
        self.aws.put(self.queue_urls[queue], body)

    def everything_again(self) -> None:
        """Let all that ever came come once more, as Stripe, the bus and SQS may."""
        for payload in self.posts:
            self.posts[payload] = False
        for queue, body in list(self.queued):
            self.aws.put(self.queue_urls[queue], body)

    # Who delivers

    def round(self) -> None:
        """Deliver once what nobody has taken yet."""
        for payload in [payload for payload, heard in self.posts.items() if not heard]:
            answer = self._run("stripe_webhook", functions.post(payload, signature(payload)))
            self.posts[payload] = answer["statusCode"] == 202
        for queue in QUEUES:
            self._poll(queue)

    def deliver(self) -> None:
        """Deliver until everything is taken."""
        for _ in range(ROUNDS):
            if not self.waiting():
                return
            self.pass_time()
            self.round()
        raise AssertionError(f"never taken: {self.waiting()}")

    def waiting(self) -> list[str]:
        """Name what is not taken yet."""
        posts = ["a post of Stripe" for heard in self.posts.values() if not heard]
        return posts + [name for name in QUEUES if self.aws.messages(self.queue_urls[name])]

    def _poll(self, queue: str) -> None:
        url = self.queue_urls[queue]
        messages = self.aws.messages(url)
        if not messages:
            return
        for message in messages:
            self.sent.setdefault(message["MessageId"], self.clock.now())
        answer = self._run(queue, functions.batch(messages, self.sent))
        failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        for message in messages:
            if message["MessageId"] not in failed:
                self.aws.done(url, message)

    def _run(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        landed = self.wire.landed
        try:
            return invoke(name, event, Cold(self, _ACTORS.get(name, Actor.STRIPE)))
        finally:
            if landed is not self.wire.landed:
                self.failed_in = name
            self.look()

    # What has come of it

    def outcome(self) -> dict[str, Any]:
        """Give what customers, business and Stripe can see, but for how often a mail came."""
        told = {(one.event_id, one.kind.value) for one in self.history.told}
        dead = self.aws.messages(self.queue_urls[DEAD])
        return {
            "invoice": self.invoice.status.value,
            "payments": sorted(
                (one.state.value, one.refunded, str(one.dispute)) for one in self.payments
            ),
            "cards": sorted(card.brand for card in self.wallet.cards),
            "told": sorted(kind for _, kind in told),
            "mails": sorted(self.mails()),
            "log-ins": len(self.aws.logins(f"{self.newcomer}@example.com")),
            "invited": self.aws.invited.count(self.newcomer),
            "newcomer": self._newcomer(),
            "parked": len(items(self.table, prefix=PARKED)),
            "dead letters": sorted({m["Body"].replace(self.newcomer, "new") for m in dead}),
        }

    def mails(self) -> Counter[str]:
        number = self.invoice.number
        found = self.aws.mails_to(self.email).items()
        return Counter({subject.replace(number, "INV"): count for subject, count in found})

    def _newcomer(self) -> list[Any]:
        with suppress(NotFoundError):
            customer, wallet = self.auditor.customers.account(self.newcomer)
            owed = self.auditor.invoices.open(self.newcomer)
            due = [(one.number, str(one.amount_due), str(one.look_on)) for one in owed]
            return [customer.name, wallet.autopay, due]
        return []

    def may_be_written_to_twice(self) -> bool:
        """Tell whether a mail may have come twice: it was sent, and the mark came to harm.

        SES knows no idempotency key. A mail whose reply was lost is sent again, and so is one whose
        process died, or stood still, before it had noted that it was sent.
        """
        landed = self.wire.landed
        if self.failed_in != "notify" or landed is None:
            return False
        call = landed.name.removeprefix("aws ")
        if landed.mode is Mode.PAUSED:
            # Whatever stands still between looking for the mark and writing it.
            return call in {"query", "get_item", "send_email", "put_item"}
        if call == "send_email":
            return landed.mode is not Mode.CRASH_BEFORE
        return call == "put_item" and landed.mode not in {Mode.CRASH_AFTER, Mode.REPLY_LOST}

    def unsettled(self) -> list[State]:
        return [p.state for p in self.payments if p.state in {State.CONFIRMING, State.UNKNOWN}]
