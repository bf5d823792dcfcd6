"""What taking each guard away does: judged by search, asserted by ``test_guards``.

A guard is load-bearing (a promise breaks without it), harmless (it decides alone somewhere, and yet
no promise breaks), covered (whenever it refuses, others refuse too) or never asked.
"""

from typing import Final

from billfold.domain.payment import State

CHANGES: Final = "amount changed, then void"
ONE_PAYER: Final = "amount changed, one payer"
WEEK: Final = "no word for a week"
NOT_CHARGED: Final = "a payment answered as not charged was or can still be charged"
STUCK: Final = "something stays locked for ever"
COPY: Final = "an invoice's copy of its payment is not the payment"
TWICE: Final = "the invoice was charged twice"
DELETED: Final = "a charge started on a card after its deletion was answered"

LOAD_BEARING: Final = {
    "reserve_unlocked": (ONE_PAYER, STUCK),
    "reserve_epoch": ("slow bank", STUCK),
    "reserve_card": ("card deleted", DELETED),
    "ahead_wish": ("opted out", "an automatic charge began that was not wished for any more"),
    "reserve_request": ("autopay delivered twice", "one order was tried twice"),
    "step_last": ("stale declines", "a payment that was declined became succeeded"),
    "step_n": ("amount changed, one payer", NOT_CHARGED),
    "review_state": (WEEK, "a payment that was succeeded became review"),
    "review_n": (WEEK, COPY),
    "review_invoice": (WEEK, COPY),
    "review_last": ("stale declines", "a payment that was declined became review"),
    "delete_hold": ("card deleted", DELETED),
    "delete_version": ("card deleted", DELETED),
    "ahead_before_confirm": (CHANGES, NOT_CHARGED),
    "doubt_keeps_lock": (CHANGES, NOT_CHARGED),
    "look_never_declines": ("stale declines", NOT_CHARGED),
    "release_only_reserved": (CHANGES, NOT_CHARGED),
    "fence_cancels": (CHANGES, NOT_CHARGED),
    "fence_waits_for_word": (CHANGES, NOT_CHARGED),
    "fence_raises_epoch": ("bank's step, another card", "two confirms under one key"),
    "begin_unlocked": (CHANGES, STUCK),
    "begin_epoch": (ONE_PAYER, STUCK),
    "begin_intent": (CHANGES, "a void invoice has a live intent"),
    "change_locks": (CHANGES, "a void invoice has a live intent"),
    "change_fences": (CHANGES, "a void invoice has a live intent"),
    "restored_asks": ("restored", TWICE),
    "restored_cancels": ("restored", TWICE),
    "restored_settles": ("restored", TWICE),
    "write_ahead not from review": (WEEK, "a payment that was review became confirming"),
    "doubt not from review": (WEEK, "a payment that was review became unknown"),
    "action not from review": (WEEK, "a payment that was review became requires_action"),
    "decline not from review": (WEEK, "a payment that was review became declined"),
}
"""Guard: a cast in which its removal is found, and the promise that breaks first."""

HARMLESS: Final = {
    "reserve_n": "who read an old n wastes a try: write ahead refuses it, nothing is sent",
    "reserve_wish": "write ahead asks again: a try is wasted",
    "intent_reused": "create gives the bound intent again, and ahead_intent lets no other be bound",
    "create_key": "an intent beside the bound one is an orphan: ahead_intent keeps it unconfirmed",
    "refusal_is_looked_up": "a 400 did nothing, and no other confirm of the intent is under way;"
    " it guards against a Stripe that means more by 400 than it says",
    "generation_unlocked": "who holds the lock finds all written on another epoch: it stays locked",
    "generation_epoch": "asked twice: the next generation is as new as the other's",
    "generation_n": "asked twice: what was tried meanwhile was canceled, or is found as paid",
    "restored_raises_epoch": "create gives the canceled intent again: a try is wasted",
    "change_raises_epoch": "the old intent is canceled, so it charges nothing: a try is wasted",
    "doubt not from unknown": "writes what is there",
    "doubt not from requires_action": "the reconciler fences earlier than the customer was told",
    "action not from requires_action": "writes what is there; in life it would move the deadline",
    "refuse not from unknown": "the look came after the 400, and says that nothing is under way",
    "release not from unknown": "Stripe said that it had not begun, which stays true",
}
"""Guard: why no promise breaks although it decides alone somewhere."""

LOCK: Final = frozenset({"step_lock"})
OLD_EPOCH: Final = LOCK | {"step_epoch"}
OLD_TRY: Final = LOCK | {"step_last"}
EITHER: Final[frozenset[str]] = frozenset()
"""No single companion: which other guard refuses depends on the case."""

COVERED: Final = {
    "reserve_open": EITHER,  # PAYING is locked; what is paid or void is due in no amount
    "reserve_amount": EITHER,  # a new amount raised the epoch; a paid invoice is not open
    "step_epoch": LOCK,  # the epoch rises only where the lock goes
    "step_lock": EITHER,  # who has no lock is in a final state, or not the last try
    "ahead_n": LOCK,  # who read an old n could not reserve, and reserved means locked
    "own_n": EITHER,  # an old n is not that of the payment's own item either
    "ahead_intent": EITHER,  # another intent was bound with another n, or epoch
    "begin_open": EITHER,  # PAYING is locked; what is paid or void is due in no amount
    "begin_amount": EITHER,  # a new amount raised the epoch; a paid invoice is not open
    "finish_lock": {"finish_epoch", "finish_fencing"},  # who went on with it before has finished
    "finish_epoch": {"finish_lock", "finish_fencing"},
    "finish_open": {"finish_lock", "finish_epoch", "finish_fencing"},
    "finish_fencing": {"finish_lock", "finish_epoch"},
    "generation_open": EITHER,  # PAYING is locked; what was paid was confirmed under another n
    "settle_open": {"settle_amount", "settle_ledger", "settle not from succeeded"},
    "settle_amount": {"settle_open", "settle_ledger", "settle not from succeeded"},
    "settle_ledger": {"settle_open", "settle_amount", "settle not from succeeded"},
    "settle not from succeeded": {"settle_open", "settle_amount", "settle_ledger"},
    # One's own try has ended: its lock is gone.
    "write_ahead not from released": LOCK,
    "write_ahead not from canceled": OLD_EPOCH,
    "doubt not from succeeded": LOCK,
    "doubt not from declined": LOCK,
    "doubt not from refused": LOCK,
    "doubt not from released": LOCK,
    "doubt not from canceled": OLD_EPOCH | {"own_n"},
    "action not from succeeded": LOCK | {"own_n"},
    "action not from declined": LOCK,
    "action not from released": LOCK | {"own_n"},
    "action not from canceled": OLD_EPOCH | {"own_n"},
    "decline not from declined": LOCK,
    "decline not from canceled": OLD_EPOCH | {"own_n"},
    "refuse not from canceled": OLD_EPOCH,
    "release not from requires_action": {"step_n"},
    "release not from succeeded": LOCK,
    "release not from declined": LOCK,
    "release not from refused": LOCK,
    "release not from released": LOCK,
    "release not from canceled": OLD_EPOCH,
    "fence not from declined": LOCK,
    "fence not from refused": LOCK,
    "fence not from released": LOCK,
    "fence not from canceled": OLD_EPOCH,
    # The state is that of a later try: this one is not the last.
    "write_ahead not from confirming": OLD_TRY,
    "write_ahead not from unknown": OLD_TRY,
    "write_ahead not from succeeded": OLD_TRY,
    "write_ahead not from declined": OLD_TRY,
    "write_ahead not from refused": OLD_TRY | {"ahead_n"},
    "doubt not from reserved": OLD_TRY,
    "decline not from reserved": OLD_TRY,
    "decline not from succeeded": OLD_TRY,
    "decline not from refused": OLD_TRY | OLD_EPOCH,
    "decline not from released": OLD_TRY,
    "refuse not from reserved": OLD_TRY | OLD_EPOCH,
    "refuse not from succeeded": OLD_TRY | OLD_EPOCH,
    "refuse not from declined": OLD_TRY | OLD_EPOCH,
    "refuse not from refused": OLD_TRY | OLD_EPOCH,
    "refuse not from released": OLD_TRY | OLD_EPOCH,
    "fence not from succeeded": OLD_TRY | OLD_EPOCH,
}
"""Guard: those that refuse whenever it does, in every cast."""

NEVER_ASKED: Final = {
    "settle_intent": "the last try of an epoch has the intent of that epoch",
    "review_ledger": "no charge disagrees, or comes for an invoice that is void or paid",
    **dict.fromkeys(
        ("reflect_state", "reflect_charge", "reflect_refunded", "reflect_disputed"),
        "no cast has a refund or a dispute",
    ),
    "close_review": "no cast has a review that holds no lock, or a refund",
    **{
        f"close not from {state}": "no cast has a refund, or an intent that Stripe does not know"
        for state in State
        if state is not State.REVIEW
    },
    "settle_agrees": "an intent is made for the payment's amount, and never changed",
    "settle not from canceled": "a canceled intent never succeeds",
    "action not from reserved": "a try is looked at only once its confirm was written ahead",
    "action not from refused": "the intent of a refused try wants a method",
    "refuse not from requires_action": "a 400 is read while CONFIRMING; no action is pending then",
    "refuse not from review": "no cast has both a 400 and a week of silence",
    "release not from review": "no cast has both a 429 and a week of silence",
    "review not from review": "who reads REVIEW leaves it alone",
}
"""Guard: why nobody is ever refused by it."""

DOUBLES: Final = (
    ("stale declines", "two confirms under one key", {"ahead_n", "reserve_n"}),
    ("stale declines", "two live intents", {"intent_reused", "create_key", "ahead_intent"}),
    (
        "stale declines",
        "all is quiet but does not fit the charges",
        {"reserve_unlocked", "reserve_open"},
    ),
    (
        "stale declines",
        "all is quiet but does not fit the charges",
        {"reserve_amount", "reserve_n", "reserve_open"},
    ),
    (
        "amount changed, one payer",
        STUCK,
        {"reserve_amount", "reserve_epoch"},
    ),
    (
        "stale declines",
        "a charge was booked twice",
        {"settle_open", "settle_amount", "settle_ledger", "settle not from succeeded"},
    ),
    (
        "webhooks",
        "a payment that was succeeded became unknown",
        {"step_lock", "doubt not from succeeded"},
    ),
    (
        "webhooks",
        "a payment that was declined became canceled",
        {"step_lock", "fence not from declined"},
    ),
    (
        "webhooks",
        "a payment that was declined became requires_action",
        {"step_lock", "action not from declined"},
    ),
    (
        "webhooks",
        "a payment that was canceled became declined",
        {"step_lock", "step_epoch", "own_n", "decline not from canceled"},
    ),
    (
        "webhooks",
        "a payment that was canceled became requires_action",
        {"step_lock", "step_epoch", "own_n", "action not from canceled"},
    ),
    (
        "refusals",
        "a payment that was canceled became refused",
        {"step_lock", "step_epoch", "refuse not from canceled"},
    ),
    (
        "refusals",
        "a payment that was canceled became released",
        {"step_lock", "step_epoch", "release not from canceled"},
    ),
    (
        "void",
        STUCK,
        {"step_lock", "release not from released"},
    ),
)
"""A cast, and guards of which any one suffices there: only without all of them a promise breaks."""
