"""What a new password must be; the user pool's policy in template.yaml says the same."""

from typing import Final

from billfold.domain.errors import WeakPasswordError

MIN_LENGTH: Final = 12


def require_strong(password: str) -> str:
    """Refuse a password that the policy would refuse, before anything is asked of Cognito.

    Raises
    ------
    WeakPasswordError
    """
    classes = (str.isupper, str.islower, str.isdigit)
    if len(password) < MIN_LENGTH or not all(any(map(kind, password)) for kind in classes):
        raise WeakPasswordError(field="new_password")
    return password
