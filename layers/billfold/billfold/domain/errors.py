"""Every way in which Billfold says no.

Each class has a stable ``code`` that callers may rely on and no HTTP status: the entrance decides
how a refusal travels (``entrypoints/problems.py``). The texts are read by customers.
"""

from typing import Any, ClassVar


class BillfoldError(Exception):
    """The family; ``extra`` holds further public members of the answer.

    Parameters
    ----------
    detail : str
        One or two sentences for the customer: what happened and what to do.
    **extra
        Public members added to the problem document, JSON values only.
    """

    code: ClassVar[str] = "error"
    detail: ClassVar[str] = "Something went wrong."

    def __init__(self, detail: str | None = None, **extra: Any) -> None:  # noqa: ANN401
        self.text = detail or type(self).detail
        self.extra = extra
        super().__init__(self.text)


class InvalidInputError(BillfoldError):
    """The input breaks a rule; ``field`` in ``extra`` names where."""

    code = "invalid_input"
    detail = "The request is not valid."


class RawCardDataError(BillfoldError):
    """The body carries a card number or a security code, which must never reach this API."""

    code = "raw_card_data"
    detail = "Card numbers and security codes must go to Stripe from the browser, never here."


class CardNotEditableError(BillfoldError):
    """Only a card's nickname can change."""

    code = "card_not_editable"
    detail = (
        "A card cannot be edited, only its nickname. To change anything else, add a new card and "
        "delete the old one."
    )


class NotFoundError(BillfoldError):
    """It does not exist, or it belongs to someone else: the caller cannot tell which."""

    code = "not_found"
    detail = "There is nothing here with this identifier."


class InvalidSignatureError(BillfoldError):
    """A webhook that Stripe did not sign, or long ago."""

    code = "invalid_signature"
    detail = "The signature is not valid."


class ConflictError(BillfoldError):
    """The request is fine, the present state is not."""

    code = "conflict"


class DuplicateCardError(ConflictError):
    """The same physical card (Stripe's fingerprint) is already in the wallet."""

    code = "duplicate_card"
    detail = "This card is already on your account."


class TooManyCardsError(ConflictError):
    """The wallet is full."""

    code = "too_many_cards"
    detail = "You can keep ten cards at most. Delete one to add another."


class CardInUseError(ConflictError):
    """A charge on the card is in flight."""

    code = "card_in_use"
    detail = "A payment with this card is still being confirmed. Try again when it has ended."


class SetupIncompleteError(ConflictError):
    """The SetupIntent has not succeeded yet."""

    code = "setup_incomplete"
    detail = "This card has not been confirmed with your bank yet. Finish that step first."


class NoPrimaryCardError(ConflictError):
    """Automatic payment needs a primary card."""

    code = "no_primary_card"
    detail = "Add a card first: automatic payment charges your primary card."


class AutopayChangedError(ConflictError):
    """Automatic payment was turned off, or another card made primary, since it was decided on."""

    code = "autopay_changed"


class InvoiceNotPayableError(ConflictError):
    """The invoice is paid or void."""

    code = "invoice_not_payable"
    detail = "This invoice is not open for payment."


class AmountNotChargeableError(InvoiceNotPayableError):
    """Stripe cannot charge this amount, or this currency, to any card: trying again is no use."""

    code = "amount_not_chargeable"
    detail = "This amount cannot be charged to a card. Contact us to pay it another way."


class AmountChangedError(ConflictError):
    """The customer was shown another amount than is due now."""

    code = "amount_changed"
    detail = "The amount due has changed. Look at the invoice again before you pay."


class PaymentInProgressError(ConflictError):
    """Another payment holds the invoice; ``payment`` in ``extra`` tells which."""

    code = "payment_in_progress"
    detail = "A payment for this invoice is already being confirmed."


class InvoiceChangingError(ConflictError):
    """The invoice is being voided, or what is due of it is being changed."""

    code = "invoice_changing"
    detail = "This invoice is just being changed. Look at it again in a moment."


class PaymentNotWaitingError(ConflictError):
    """The payment does not wait for the bank's step."""

    code = "payment_not_waiting"
    detail = "This payment does not wait for a confirmation by your bank."


class PaymentNotInReviewError(ConflictError):
    """The payment is not in review, or not any more."""

    code = "payment_not_in_review"
    detail = "This payment is not in review."


class ReviewNotClosableError(ConflictError):
    """What is in review still holds money, or may come to hold it."""

    code = "review_not_closable"
    detail = "Stripe holds money for this payment, or is working on it. Refund it in full first."


class IdempotencyKeyReusedError(ConflictError):
    """The key was used before for a different request."""

    code = "idempotency_key_reused"
    detail = "This Idempotency-Key was used for a different payment. Use a new key."


class NotChargedError(ConflictError):
    """Replay of a request that ended without a charge."""

    code = "not_charged"
    detail = "This attempt ended without a charge. Use a new Idempotency-Key to try again."


class InvoiceNumberReusedError(ConflictError):
    """The number stands for an invoice with other content."""

    code = "invoice_number_reused"
    detail = "An invoice with this number and different content exists."


class CustomerConflictError(ConflictError):
    """The customer id or the e-mail address is taken by a different registration."""

    code = "customer_conflict"
    detail = "The customer id or the e-mail address is already registered differently."


class UnknownCustomerError(BillfoldError):
    """No customer with this id has been registered (yet): the bus keeps no order."""

    code = "unknown_customer"
    detail = "No customer with this id is registered."


class UnknownInvoiceError(BillfoldError):
    """The customer has no invoice with this number (yet): the bus keeps no order."""

    code = "unknown_invoice"
    detail = "This customer has no invoice with this number."


class CardDeclinedError(BillfoldError):
    """The bank declined; ``decline_reason`` and ``advice`` in ``extra`` say why and what to do."""

    code = "card_declined"
    detail = "Your card was declined."


class SourceUnusableError(BillfoldError):
    """The card or token cannot be used, and nothing was charged."""

    code = "source_unusable"
    detail = "This card cannot be used for the payment. Enter it again or use another card."


class CardGoneError(SourceUnusableError):
    """Stripe no longer has the stored card; it leaves the wallet, and nothing was charged."""

    code = "card_gone"
    detail = (
        "This card is no longer stored with our payment provider, and nothing was charged. Add it "
        "again or use another card."
    )


class CardUsedError(SourceUnusableError):
    """A card that is not stored was given for a second payment, and nothing was charged."""

    code = "card_used"
    detail = (
        "A card that is not saved can be used for one payment only, and nothing was charged. Enter "
        "it again."
    )


class SecurityCodeUsedError(SourceUnusableError):
    """The token of a security code was used before or is too old, and nothing was charged."""

    code = "security_code_used"
    detail = "The security code must be typed again for each payment, and nothing was charged."


class TooManyRequestsError(BillfoldError):
    """A limit was reached; ``retry_after`` is in seconds."""

    code = "too_many_requests"
    detail = "Too many attempts. Wait a while before you try again."

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class UnavailableError(BillfoldError):
    """Stripe or AWS is down or too slow, and nothing was begun."""

    code = "service_unavailable"
    detail = "The service is unavailable for a moment. Try again soon."


class UnknownStripeCustomerError(UnavailableError):
    """The account that our key is of has never had this customer: nothing is decided from that."""


class NothingBegunError(UnavailableError):
    """Stripe or AWS is down, and this payment is known not to have begun."""

    detail = "The service is unavailable for a moment and nothing was charged. Try again."


class InvalidCredentialsError(BillfoldError):
    """Wrong e-mail address, password or second factor; never says which."""

    code = "invalid_credentials"
    detail = "The e-mail address or password is not correct."


class SessionExpiredError(BillfoldError):
    """The refresh cookie or the challenge session is missing, used up or too old."""

    code = "session_expired"
    detail = "Your session has ended. Log in again."


class ForbiddenTokenError(BillfoldError):
    """The token is not an access token of this pool's client."""

    code = "invalid_token"
    detail = "Log in again."


class CrossSiteError(BillfoldError):
    """Another site made the browser send this."""

    code = "cross_site"
    detail = "This request must come from the portal itself."


class WrongAddressError(BillfoldError):
    """The request went around the portal's address."""

    code = "wrong_address"
    detail = "Call the API at the portal's own address."


class InvalidCodeError(BillfoldError):
    """The code is wrong or has expired."""

    code = "invalid_code"
    detail = "The code is not correct or has expired. Ask for a new one."


class WeakPasswordError(BillfoldError):
    """The new password does not meet the policy."""

    code = "weak_password"
    detail = (
        "Choose a password of at least 12 characters with upper and lower case letters and a digit."
    )


class MalformedMessageError(BillfoldError):
    """What came from a queue of ours is no message that we send."""

    code = "malformed_message"
