"""The bank's step, done by a person or by a control call: completed or failed."""

from local.stripe_emulator import payment_confirmation, setup_confirmation
from local.stripe_emulator.calls import Call, JsonObject
from local.stripe_emulator.errors import no_such, unexpected_state
from local.stripe_emulator.intents import noun
from local.stripe_emulator.store import Record

COMPLETE, FAIL = "complete", "fail"


def finish(call: Call, identifier: str, result: str) -> JsonObject:
    """Complete or fail the step that an intent waits for.

    Raises
    ------
    ApiError
        There is no such intent, or it waits for nothing.
    """
    intent = find(call, identifier)
    if intent.body["status"] != "requires_action":
        raise unexpected_state(
            intent.body,
            f"This {noun(intent.kind)} waits for no bank's step; its status is "
            f"{intent.body['status']}.",
        )
    module = payment_confirmation if intent.kind == "payment_intent" else setup_confirmation
    if result == COMPLETE:
        module.resume(call, intent)
    else:
        module.fail_authentication(call, intent)
    return intent.body


def find(call: Call, identifier: str) -> Record:
    """Find the intent of a bank's step.

    Raises
    ------
    ApiError
        There is none.
    """
    for kind in ("payment_intent", "setup_intent"):
        intent = call.tx.get(kind, identifier)
        if intent is not None:
            return intent
    raise no_such("payment_intent", identifier, "intent", in_path=True)
