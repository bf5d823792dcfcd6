"""The routes of disputes; `disputes` opens and closes them."""

import copy
from typing import Final

from local.stripe_emulator import lists
from local.stripe_emulator.calls import Call, Endpoint, JsonObject
from local.stripe_emulator.disputes import (
    EVIDENCE,
    LOST,
    OPEN,
    OPEN_INQUIRY,
    UNMODELED_EVIDENCE,
    WON,
    close_dispute,
    submit_evidence,
)
from local.stripe_emulator.errors import invalid_request, no_such
from local.stripe_emulator.fields import changes, merged_metadata
from local.stripe_emulator.parameters import Flag, Identifier, Metadata, Shape
from local.stripe_emulator.store import Record

# Texts that decide a dispute in test mode.
_DECIDING: Final = {"winning_evidence": WON, "losing_evidence": LOST}


def find_dispute(call: Call, identifier: str) -> Record:
    """Find the dispute of a path.

    Raises
    ------
    ApiError
        There is none.
    """
    record = call.tx.get("dispute", identifier)
    if record is None:
        raise no_such("dispute", identifier, "dispute", in_path=True)
    return record


def _get(call: Call) -> JsonObject:
    return find_dispute(call, call.path["dispute"]).body


def _list(call: Call) -> JsonObject:
    filters = {name: call.params.get(name) for name in ("charge", "payment_intent")}
    return lists.list_objects(call, "dispute", "/v1/disputes", filters)


def _close(call: Call) -> JsonObject:
    dispute = find_dispute(call, call.path["dispute"])
    # Giving up an inquiry leaves nothing to lose: it is closed.
    close_dispute(call, dispute, WON if dispute.body["status"] in OPEN_INQUIRY else LOST)
    return dispute.body


def _update(call: Call) -> JsonObject:
    dispute, given = find_dispute(call, call.path["dispute"]), call.params
    before, body = copy.deepcopy(dispute.body), dispute.body
    evidence = given.get("evidence") or {}
    if evidence and body["status"] not in (*OPEN, *OPEN_INQUIRY):
        raise invalid_request(
            f"Dispute {dispute.id} is closed already, as {body['status']}.",
            param="evidence",
            executed=True,
        )
    if "metadata" in given:
        body["metadata"] = merged_metadata(body["metadata"], given["metadata"])
    body["evidence"].update(evidence)
    body["evidence_details"]["has_evidence"] = any(body["evidence"][name] for name in EVIDENCE)
    call.save(dispute)
    if previous := changes(before, body):
        call.emit("charge.dispute.updated", dispute, previous)
    if not evidence or not given.get("submit", True):
        return body
    submit_evidence(call, dispute)
    answered = copy.deepcopy(dispute.body)
    if result := _DECIDING.get(evidence.get("uncategorized_text") or ""):
        # The bank decides after the answer.
        inquiry = dispute.body["status"] in OPEN_INQUIRY
        close_dispute(call, dispute, WON if inquiry else result)
    return answered


_ONE = "/v1/disputes/{dispute}"
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/v1/disputes",
        _list,
        Shape(
            {
                **lists.PAGING,
                **lists.CREATED,
                "charge": Identifier(),
                "payment_intent": Identifier(),
            }
        ),
    ),
    Endpoint("GET", _ONE, _get),
    Endpoint(
        "POST",
        _ONE,
        _update,
        Shape(
            {
                "evidence": Shape(EVIDENCE, (), UNMODELED_EVIDENCE),
                "metadata": Metadata(),
                "submit": Flag(),
            }
        ),
    ),
    Endpoint("POST", f"{_ONE}/close", _close),
)
