"""Stripe's keys, from one SSM parameter of type SecureString (it costs nothing while idle).

Its value is JSON with the names of ``StripeKeys``.
"""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from billfold.domain.errors import UnavailableError
from billfold.settings import MisconfiguredError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class StripeKeys(BaseModel):
    """What Stripe's dashboard gives to a developer."""

    model_config = ConfigDict(frozen=True)

    publishable_key: str = Field(pattern=r"^pk_")
    secret_key: str = Field(pattern=r"^[rs]k_", repr=False)
    webhook_secrets: tuple[str, ...] = Field(default=(), repr=False)


def stripe_keys(client: "SSMClient", name: str) -> StripeKeys:
    """Read the keys.

    Raises
    ------
    UnavailableError
        SSM does not answer.
    MisconfiguredError
        The parameter is missing or is not what it should be; the text names no value.
    """
    try:
        answer = client.get_parameter(Name=name, WithDecryption=True)
    except client.exceptions.ParameterNotFound as error:
        raise MisconfiguredError(f"create the SSM parameter {name}") from error
    except (ClientError, BotoCoreError) as error:
        raise UnavailableError from error
    try:
        return StripeKeys.model_validate_json(answer["Parameter"]["Value"])
    except ValidationError as error:
        wrong = ", ".join(str(problem["loc"]) for problem in error.errors(include_input=False))
        raise MisconfiguredError(f"the SSM parameter {name} is wrong at {wrong}") from None
