"""What the functions are told by their environment, typed, and read when it is first needed."""

import os
from typing import TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from billfold.domain.autopay import Schedule
from billfold.domain.fact import Actor

M = TypeVar("M", bound="Settings")


class Settings(BaseModel):
    """A field ``table_name`` is the variable ``TABLE_NAME``."""

    model_config = ConfigDict(frozen=True, extra="ignore", arbitrary_types_allowed=True)


class TableSettings(Settings):
    """Where the data is."""

    table_name: str = Field(min_length=3)


class BusinessSettings(Settings):
    """What the business is like."""

    business_timezone: str = "UTC"
    support_email: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """The business's time zone, in which invoices are due."""
        return ZoneInfo(self.business_timezone)


class PoolSettings(Settings):
    """Where customers log in."""

    user_pool_id: str = Field(min_length=3)
    user_pool_client_id: str = Field(min_length=3)


class StripeSettings(Settings):
    """The SSM parameter with Stripe's keys, and where Stripe is."""

    stripe_parameter: str = Field(pattern=r"^/")
    stripe_api_base: str = "https://api.stripe.com"


class ActorSettings(Settings):
    """Who acts in this function, for the audit trail."""

    billfold_actor: Actor = Actor.CUSTOMER


class BusSettings(Settings):
    """Where events go."""

    event_bus_name: str = Field(min_length=1)


class WebhookSettings(Settings):
    """Where verified events of Stripe go."""

    stripe_events_queue_url: str = Field(min_length=8)


class OriginSettings(Settings):
    """What CloudFront's secret is recognized by; nothing where there is no CloudFront."""

    origin_digests: str = Field(default="", pattern=r"^([0-9a-f]{64}(,[0-9a-f]{64})*)?$")

    @property
    def digests(self) -> list[str]:
        """The SHA-256 of each value that is taken; two while it changes."""
        return self.origin_digests.split(",") if self.origin_digests else []


class ScheduleSettings(Settings):
    """When automatic payment tries, in days from the due date, and how long before it tells."""

    autopay_retry_days: str = Field(default="1,3,5,7", pattern=r"^[1-9]\d?(,[1-9]\d?)*$")
    autopay_notice_days: int = Field(default=3, ge=0, le=30)

    @property
    def schedule(self) -> Schedule:
        """Read it as the domain's schedule."""
        days = sorted({int(day) for day in self.autopay_retry_days.split(",")})
        return Schedule(tuple(days), self.autopay_notice_days)


class AutopaySettings(Settings):
    """The queues of automatic payment."""

    autopay_shards_queue_url: str = Field(min_length=8)
    autopay_charges_queue_url: str = Field(min_length=8)


class ReconciliationSettings(Settings):
    """The queue of the hours to reconcile."""

    reconciliation_queue_url: str = Field(min_length=8)


class PaceSettings(Settings):
    """How fast automatic payment asks Stripe.

    ``autopay_seconds`` is the shortest time that one worker takes for one charge, so that the
    number of workers bounds the charges a second.
    """

    autopay_seconds: float = Field(default=1.5, ge=0, le=10)


class RunSettings(Settings):
    """``autopay_ahead`` allows a run for a day to come, on an embedded stack."""

    autopay_ahead: bool = False


class MailSettings(Settings):
    """Who writes to customers, and where their links lead."""

    sender_email: str = Field(min_length=3)
    business_name: str = Field(min_length=1)
    portal_url: str = ""
    support_email: str = ""


class IntakeSettings(Settings):
    """Where messages go that no retry can help."""

    dead_letter_queue_url: str = Field(min_length=8)


class MisconfiguredError(Exception):
    """A variable is missing or wrong; the deployment must be mended."""


def read(model: type[M]) -> M:
    """Read a model's fields from the environment.

    Raises
    ------
    MisconfiguredError
        Naming the variable.
    """
    given = {
        name: os.environ[name.upper()] for name in model.model_fields if name.upper() in os.environ
    }
    try:
        return model(**given)
    except ValidationError as error:
        wrong = ", ".join(str(problem["loc"][0]).upper() for problem in error.errors())
        raise MisconfiguredError(f"set the environment variable {wrong}") from error
