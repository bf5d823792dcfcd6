"""What a new password must be; the user pool's policy in template.yaml says the same."""

from typing import Final

from billfold.domain.errors import WeakPasswordError

MIN_LENGTH: Final = 12


def require_strong(password: str, *, field: str = "new_password") -> str:
    """Refuse a password that the policy would refuse, before anything is asked of Cognito.

    Parameters
    ----------
    field
        Where the password came from, for the answer.

    Raises
    ------
    WeakPasswordError
    """
    classes = (str.isupper, str.islower, str.isdigit)
    if len(password) < MIN_LENGTH or not all(any(map(kind, password)) for kind in classes):
        raise WeakPasswordError(field=field)
    if password != password.strip():
        # To Cognito this is no password at all but an invalid parameter.
        raise WeakPasswordError("A password cannot begin or end with a space.", field=field)
    return password
