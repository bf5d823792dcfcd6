"""Looks at one invoice, or one wallet, for automatic payment, at the pace that Stripe allows."""

from billfold import bootstrap, settings
from billfold.domain import autopay_message
from billfold.domain.autopay_message import Look
from billfold.entrypoints import observability, queue
from billfold.entrypoints.pace import Pace
from billfold.services import autopay
from billfold.services.ports import TimeLeft

logger = observability.logger()


def look(at: Look, time_left: TimeLeft) -> None:
    with Pace(settings.read(settings.PaceSettings).autopay_seconds) as pace:
        result = autopay.look(at, bootstrap.ports(), time_left)
        pace.asked = result.asked_stripe
        pace.refused = result.outcome is autopay.Outcome.LATER
        logger.info(
            "autopay",
            extra={
                "invoice_id": at.invoice_id,
                "customer_id": at.customer_id,
                "status": result.outcome.value,
                "reason": result.reason,
                "run": at.run,
            },
        )


handler = queue.timed_handler("AutopayLook", autopay_message.read_look, look)
