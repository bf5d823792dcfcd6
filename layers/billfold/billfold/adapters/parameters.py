"""Stripe's keys, from SSM parameters of type SecureString (they cost nothing while idle)."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from billfold.domain.errors import UnavailableError
from billfold.settings import MisconfiguredError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


@dataclass(frozen=True, slots=True)
class StripeKeys:
    """The two keys that the functions need."""

    publishable_key: str
    secret_key: str = field(repr=False)


def stripe_keys(client: "SSMClient", path: str) -> StripeKeys:
    """Read the keys below ``path``.

    Raises
    ------
    UnavailableError
        SSM does not answer.
    MisconfiguredError
        A parameter is missing.
    """
    try:
        answer = client.get_parameters_by_path(Path=path, WithDecryption=True)
    except (ClientError, BotoCoreError) as error:
        raise UnavailableError from error
    found = {
        parameter["Name"].removeprefix(f"{path}/"): parameter["Value"]
        for parameter in answer["Parameters"]
    }
    try:
        return StripeKeys(found["publishable_key"], found["secret_key"])
    except KeyError as missing:
        raise MisconfiguredError(f"create the SSM parameter {path}/{missing.args[0]}") from missing
