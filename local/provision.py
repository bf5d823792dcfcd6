"""Brings the emulators to a usable stack, in a process of its own.

What it needs (SAM's translator, boto3) is a hundred megabytes that the running stack can do
without, so the supervisor lets a child do it and end.
"""

import json
import multiprocessing
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from local.failure import StackError
from local.progress import step
from local.stripe_keys import StripeAccount


@dataclass(frozen=True, slots=True)
class Api:
    """The deployed API: its address inside the emulator, and the function behind each route."""

    address: str
    routes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Order:
    """What to bring up."""

    aws_endpoint: str
    origin: str
    build: Path
    copy: Path
    stripe: StripeAccount


def provision(order: Order, deployed: Callable[[Api], None], check: Callable[[], None]) -> None:
    """Deploy, check and seed.

    Parameters
    ----------
    deployed
        Is told about the API before it is first called.
    check
        Raises when waiting is in vain.

    Raises
    ------
    StackError
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, order), daemon=True)
    process.start()
    theirs.close()
    try:
        while True:
            check()
            if ours.poll(0.2):
                said = ours.recv()
                if said == "done":
                    return
                if isinstance(said, str):
                    raise StackError(said)
                deployed(said)
                ours.send("go on")
    except EOFError as error:
        raise StackError("the deployment ended without a word; see the lines above") from error
    finally:
        process.kill()
        process.join()


def _work(supervisor: Connection, order: Order) -> None:
    """Do the work; the child's main function."""
    import signal

    # Ctrl-C concerns the supervisor, which ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _bring_up(supervisor, order)
    except StackError as error:
        supervisor.send(str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, it ends the bring-up in one line
        supervisor.send(f"the bring-up failed: {type(error).__name__}: {str(error)[:300]}")
    else:
        supervisor.send("done")


def _bring_up(supervisor: Connection, order: Order) -> None:
    from local import assertions, aws, deploy, seed

    os.environ.update(aws.ISOLATION)
    with step("Deploying template.yaml"):
        _store_keys(order)
        _allow_mail(order)
        deployment = deploy.deploy(order.aws_endpoint, order.build, order.copy, _parameters(order))
    supervisor.send(Api(deployment.api_base, dict(deployment.routes)))
    supervisor.recv()
    with step("Checking routes, codes and tokens"):
        assertions.require_sound(deployment, order.origin)
    if not seed.is_seeded(order.aws_endpoint):
        with step("Registering customers, issuing invoices, adding cards, paying"):
            seed.seed(deployment, order.origin, order.stripe)
    deploy.rest(deployment)


def _parameters(order: Order) -> dict[str, str]:
    schedule = os.environ.get("BILLFOLD_AUTOPAY_SCHEDULE")
    return {
        **({"AutopaySchedule": schedule} if schedule else {}),
        "Stage": "local",
        "BusinessName": "Example Hosting",
        "BusinessTimezone": os.environ.get("BILLFOLD_TIMEZONE", "UTC"),
        "SupportEmail": "support@example.com",
        "SenderEmail": "billing@example.com",
        "SesIdentityArn": "arn:aws:ses:us-east-1:000000000000:identity/example.com",
        # Nobody has to be spared here, and a person waits.
        "AutopaySeconds": "0",
        "PortalUrl": order.origin,
        "StripeApiBase": order.stripe.url,
    }


def _allow_mail(order: Order) -> None:
    """Make SES send from the example's domain, and to everybody."""
    from local import aws

    mail = aws.client("sesv2", order.aws_endpoint)
    with suppress(mail.exceptions.AlreadyExistsException):
        mail.create_email_identity(EmailIdentity="example.com")
    mail.put_account_details(
        MailType="TRANSACTIONAL",
        WebsiteURL=order.origin,
        ContactLanguage="EN",
        UseCaseDescription="The embedded stack",
        ProductionAccessEnabled=True,
    )


def _store_keys(order: Order) -> None:
    """Put Stripe's keys where the functions read them."""
    from local import aws

    keys = {
        "secret_key": order.stripe.secret_key,
        "publishable_key": order.stripe.publishable_key,
        "webhook_secrets": [order.stripe.webhook_secret],
    }
    aws.client("ssm", order.aws_endpoint).put_parameter(
        Name="/billfold/local/stripe", Value=json.dumps(keys), Type="SecureString", Overwrite=True
    )
