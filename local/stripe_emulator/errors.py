"""Errors as Stripe words and shapes them."""

from typing import Any

NOT_MODELED = "not_modeled"
_DOCS = "https://docs.stripe.com/error-codes/"


class ApiError(Exception):
    """An error answer.

    Parameters
    ----------
    status
        The HTTP status.
    error
        The fields of the answer's `error` object.
    commit
        The request failed, but what it did stays: a decline leaves a failed charge behind.
    executed
        The endpoint had begun; only then is the answer kept for the idempotency key.
    """

    def __init__(
        self, status: int, error: dict[str, Any], *, commit: bool = False, executed: bool = True
    ) -> None:
        super().__init__(error.get("message"))
        self.status = status
        self.error = error
        self.commit = commit
        self.executed = executed

    @property
    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        return {"error": self.error}


def error_object(
    kind: str,
    message: str,
    code: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Build an `error` object; what is None is left out, as Stripe does."""
    fields: dict[str, Any] = {"code": code, "message": message, "type": kind, **more}
    if code:
        fields["doc_url"] = _DOCS + code.replace("_", "-")
    return {name: fields[name] for name in sorted(fields) if fields[name] is not None}


def invalid_request(
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    status: int = 400,
    executed: bool = False,
) -> ApiError:
    """Refuse a request before anything was done."""
    error = error_object("invalid_request_error", message, code, param=param)
    return ApiError(status, error, executed=executed)


def not_modeled(what: str) -> ApiError:
    """Say that Stripe has something and the emulator does not; Stripe never answers this."""
    error = {
        "code": NOT_MODELED,
        "message": f"The emulator does not model {what}, which Stripe has.",
        "type": "api_error",
    }
    return ApiError(501, error, executed=False)


def missing_parameter(name: str) -> ApiError:
    """Say that a parameter is needed."""
    return invalid_request(f"Missing required param: {name}.", code="parameter_missing", param=name)


def unknown_parameter(name: str) -> ApiError:
    """Say that there is no such parameter."""
    return invalid_request(
        f"Received unknown parameter: {name}", code="parameter_unknown", param=name
    )


def no_such(kind: str, identifier: str, param: str, *, in_path: bool = False) -> ApiError:
    """Say that an object does not exist: 404 for the one in the path, 400 for one in the body."""
    noun = {"payment_method": "PaymentMethod", "setup_intent": "setupintent"}.get(kind, kind)
    return invalid_request(
        f"No such {noun}: '{identifier}'",
        code="resource_missing",
        param=param,
        status=404 if in_path else 400,
    )


def unexpected_state(intent: dict[str, Any], message: str, param: str | None = None) -> ApiError:
    """Refuse what an intent's status does not allow; the intent comes along."""
    kind = intent["object"]
    embedded = {kind: intent}
    error = error_object(
        "invalid_request_error", message, f"{kind}_unexpected_state", param=param, **embedded
    )
    return ApiError(400, error)
