"""A user pool in memory."""

from dataclasses import dataclass, field

from billfold.domain.customer import Customer
from billfold.domain.errors import (
    CustomerConflictError,
    InvalidCodeError,
    InvalidCredentialsError,
    SessionExpiredError,
)
from billfold.services.ports import Challenge, Tokens, TotpSecret

PASSWORD = "Correct-Horse-7"
RESET_CODE = "482910"
TOTP_CODE = "123456"
REFRESH_TOKEN = "refresh-token-of-the-customer"


@dataclass
class FakeIdentity:
    """One log-in at first; ``invited`` ones must set a new password."""

    passwords: dict[str, str] = field(default_factory=lambda: {"customer-1@example.com": PASSWORD})
    owners: dict[str, str] = field(default_factory=lambda: {"customer-1@example.com": "cust-1001"})
    invited: set[str] = field(default_factory=set)
    second_factor: set[str] = field(default_factory=set)
    sessions: set[str] = field(default_factory=lambda: {REFRESH_TOKEN})
    mailed: list[str] = field(default_factory=list)
    guesses: int = 0

    def login(self, email: str, password: str) -> Tokens | Challenge:
        self.guesses += 1
        if self.passwords.get(email) != password:
            raise InvalidCredentialsError
        if email in self.invited:
            return Challenge("NEW_PASSWORD_REQUIRED", f"{self.owners[email]}|session")
        if email in self.second_factor:
            return Challenge("SOFTWARE_TOKEN_MFA", f"{self.owners[email]}|session")
        return self._tokens()

    def answer(self, email: str, challenge: Challenge, answer: str) -> Tokens | Challenge:
        if challenge.session != f"{self.owners.get(email)}|session":
            raise SessionExpiredError
        if challenge.name == "SOFTWARE_TOKEN_MFA" and answer != TOTP_CODE:
            raise InvalidCredentialsError
        if challenge.name == "NEW_PASSWORD_REQUIRED":
            self.passwords[email] = answer
            self.invited.discard(email)
        return self._tokens()

    def refresh(self, refresh_token: str) -> Tokens:
        if refresh_token not in self.sessions:
            raise SessionExpiredError
        return Tokens(300, "access-token-renewed")

    def revoke(self, refresh_token: str) -> None:
        self.sessions.discard(refresh_token)

    def send_reset_code(self, email: str) -> None:
        if email in self.passwords:
            self.mailed.append(email)

    def reset_password(self, email: str, code: str, new_password: str) -> None:
        if code != RESET_CODE or email not in self.passwords:
            raise InvalidCodeError
        self.passwords[email] = new_password
        self.sessions.clear()

    def change_password(self, access_token: str, current: str, new: str) -> None:
        [email] = self.passwords
        if self.passwords[email] != current:
            raise InvalidCredentialsError
        self.passwords[email] = new

    def has_totp(self, access_token: str) -> bool:
        return bool(self.second_factor)

    def begin_totp(self, access_token: str) -> TotpSecret:
        return TotpSecret("JBSWY3DPEHPK3PXP")

    def confirm_totp(self, access_token: str, code: str) -> None:
        if code != TOTP_CODE:
            raise InvalidCodeError
        self.second_factor.update(self.passwords)

    def remove_totp(self, access_token: str) -> None:
        self.second_factor.clear()

    def create_login(self, customer: Customer) -> None:
        if self.owners.setdefault(customer.email, customer.customer_id) != customer.customer_id:
            raise CustomerConflictError

    def _tokens(self) -> Tokens:
        self.sessions.add(REFRESH_TOKEN)
        return Tokens(300, "access-token-of-the-customer", REFRESH_TOKEN)
