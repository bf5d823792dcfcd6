"""The Cognito adapter on the embedded stack's user pool, which checks hashes, codes and tokens.

What it does not do is on a stubbed client (tests/adapters/test_cognito.py): refresh rotation,
limits per user, expired codes, challenge sessions.
"""

import uuid
from dataclasses import replace

import httpx
import pytest
from billfold.adapters.cognito import CognitoIdentity
from billfold.domain.customer import Customer as Registered
from billfold.domain.errors import (
    BillfoldError,
    CustomerConflictError,
    ForbiddenTokenError,
    InvalidCodeError,
    InvalidCredentialsError,
    SessionExpiredError,
    UnavailableError,
    WeakPasswordError,
)
from billfold.services.ports import Challenge, Tokens

from tests.e2e.client import Stack, aws, outputs, totp

pytestmark = pytest.mark.e2e
FIRST, SECOND, THIRD = "Correct-Horse-7", "Another-Horse-8", "Third-Horse-9-x"


def refused(kind: type[BillfoldError], act: object, *arguments: object) -> BillfoldError:
    """Expect exactly this refusal."""
    assert callable(act)
    with pytest.raises(kind) as caught:
        act(*arguments)
    assert type(caught.value) is kind
    return caught.value


@pytest.fixture
def identity(stack: Stack) -> CognitoIdentity:
    told = outputs(stack)
    client = aws(stack, "cognito-idp")
    return CognitoIdentity(client, told["UserPoolId"], told["UserPoolClientId"])


@pytest.fixture
def customer(stack: Stack, identity: CognitoIdentity) -> Registered:
    """Someone who has been registered, and has set a password."""
    unique = uuid.uuid4().hex[:12]
    made = Registered(f"cust-{unique}", f"{unique}@example.com", "New Customer")
    identity.create_login(made)
    aws(stack, "cognito-idp").admin_set_user_password(
        UserPoolId=outputs(stack)["UserPoolId"],
        Username=made.customer_id,
        Password=FIRST,
        Permanent=True,
    )
    return made


def log_in(identity: CognitoIdentity, customer: Registered, password: str) -> Tokens:
    tokens = identity.login(customer.email, password)
    assert isinstance(tokens, Tokens)
    return tokens


def test_registering_again_changes_nothing_and_another_is_refused(
    identity: CognitoIdentity, customer: Registered
) -> None:
    identity.create_login(customer)
    log_in(identity, customer, FIRST)
    refused(CustomerConflictError, identity.create_login, replace(customer, customer_id="cust-x"))
    moved = replace(customer, email=f"moved-{customer.email}")
    refused(CustomerConflictError, identity.create_login, moved)


def test_an_unknown_user_and_a_wrong_password_read_the_same(
    identity: CognitoIdentity, customer: Registered
) -> None:
    wrong = refused(InvalidCredentialsError, identity.login, customer.email, "Wrong-Horse-7")
    unknown = refused(InvalidCredentialsError, identity.login, "nobody@example.com", FIRST)
    assert (wrong.text, wrong.extra) == (unknown.text, unknown.extra)


def test_a_disabled_log_in_reads_like_a_wrong_password(
    stack: Stack, identity: CognitoIdentity, customer: Registered
) -> None:
    aws(stack, "cognito-idp").admin_disable_user(
        UserPoolId=outputs(stack)["UserPoolId"], Username=customer.customer_id
    )
    hidden = refused(InvalidCredentialsError, identity.login, customer.email, FIRST)
    assert hidden.text == InvalidCredentialsError.detail


def test_a_session_ends_with_the_log_out(identity: CognitoIdentity, customer: Registered) -> None:
    tokens = log_in(identity, customer, FIRST)
    assert tokens.refresh_token
    assert identity.refresh(tokens.refresh_token).access_token
    identity.revoke(tokens.refresh_token)
    refused(SessionExpiredError, identity.refresh, tokens.refresh_token)
    refused(ForbiddenTokenError, identity.begin_totp, tokens.access_token)
    identity.revoke(tokens.refresh_token)
    identity.revoke("never-was-one")


def test_a_password_is_changed_by_whoever_knows_it(
    identity: CognitoIdentity, customer: Registered
) -> None:
    token = log_in(identity, customer, FIRST).access_token
    refused(InvalidCredentialsError, identity.change_password, token, "Wrong-Horse-7", SECOND)
    refused(WeakPasswordError, identity.change_password, token, FIRST, "weak")
    identity.change_password(token, FIRST, SECOND)
    refused(InvalidCredentialsError, identity.login, customer.email, FIRST)
    log_in(identity, customer, SECOND)


def test_a_reset_sets_the_password_and_ends_all_sessions(
    stack: Stack, identity: CognitoIdentity, customer: Registered
) -> None:
    tokens = log_in(identity, customer, FIRST)
    identity.send_reset_code(customer.email)
    identity.send_reset_code("nobody@example.com")
    sent = httpx.get(f"{stack['aws_endpoint_url']}/_ministack/ses/messages").text
    assert customer.email in sent
    assert "nobody@example.com" not in sent
    wrong = refused(InvalidCodeError, identity.reset_password, customer.email, "000000", THIRD)
    unknown = refused(
        InvalidCodeError, identity.reset_password, "nobody@example.com", "000000", THIRD
    )
    assert (wrong.text, wrong.extra) == (unknown.text, unknown.extra)
    # The emulator's code is always this one.
    identity.reset_password(customer.email, "654321", THIRD)
    log_in(identity, customer, THIRD)
    assert tokens.refresh_token
    refused(SessionExpiredError, identity.refresh, tokens.refresh_token)


def test_the_second_factor(identity: CognitoIdentity, customer: Registered) -> None:
    token = log_in(identity, customer, FIRST).access_token
    refused(InvalidCodeError, identity.confirm_totp, token, "000000")
    secret = identity.begin_totp(token).secret
    refused(InvalidCodeError, identity.confirm_totp, token, "000000")
    log_in(identity, customer, FIRST)
    assert not identity.has_totp(token)
    identity.confirm_totp(token, totp(secret))
    assert identity.has_totp(token)

    asked = identity.login(customer.email, FIRST)
    assert isinstance(asked, Challenge)
    assert asked.name == "SOFTWARE_TOKEN_MFA"
    refused(InvalidCredentialsError, identity.answer, customer.email, asked, "000000")
    # The emulator itself takes any session, so these refusals are ours.
    refused(SessionExpiredError, identity.answer, "nobody@example.com", asked, totp(secret))
    forged = Challenge(asked.name, f"{customer.email}|seal|any-session-of-twenty-characters")
    refused(SessionExpiredError, identity.answer, customer.email, forged, totp(secret))
    turned = Challenge("NEW_PASSWORD_REQUIRED", asked.session)
    refused(SessionExpiredError, identity.answer, customer.email, turned, SECOND)

    passed = identity.answer(customer.email, asked, totp(secret))
    assert isinstance(passed, Tokens)
    identity.remove_totp(passed.access_token)
    log_in(identity, customer, FIRST)


def test_an_invitation_leads_to_a_password(stack: Stack, identity: CognitoIdentity) -> None:
    unique = uuid.uuid4().hex[:12]
    invited = Registered(f"cust-{unique}", f"{unique}@example.com", "Invited Customer")
    identity.create_login(invited)
    aws(stack, "cognito-idp").admin_set_user_password(
        UserPoolId=outputs(stack)["UserPoolId"],
        Username=invited.customer_id,
        Password=FIRST,
        Permanent=False,
    )
    asked = identity.login(invited.email, FIRST)
    assert isinstance(asked, Challenge)
    assert asked.name == "NEW_PASSWORD_REQUIRED"
    assert isinstance(identity.answer(invited.email, asked, SECOND), Tokens)
    log_in(identity, invited, SECOND)


def test_a_pool_that_is_not_there_is_our_fault(stack: Stack) -> None:
    nowhere = CognitoIdentity(aws(stack, "cognito-idp"), "us-east-1_Nowhere0", "1nowhere")
    refused(UnavailableError, nowhere.login, "nobody@example.com", FIRST)
