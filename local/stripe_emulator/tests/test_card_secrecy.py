"""Card numbers and CVCs go no further than the reading of a request."""

from local.stripe_emulator.tests.running import Emulator, typed_card


def test_fingerprints_are_of_the_number(emulator: Emulator) -> None:
    def fingerprint(number: str) -> str:
        method = emulator.stripe.v1.payment_methods.retrieve(emulator.card(number))
        assert method.card is not None
        return str(method.card.fingerprint)

    assert fingerprint("4242424242424242") == fingerprint("4242 4242 4242 4242")
    assert fingerprint("4242424242424242") != fingerprint("4012888888881881")


def test_no_card_number_and_no_cvc_is_stored(own_emulator: Emulator) -> None:
    # One of its own: a file remembers for a while what was deleted by other tests.
    emulator = own_emulator
    fields = typed_card("4000056655665556", cvc="987")
    emulator.secret.post("/v1/payment_methods", data=fields, headers={"idempotency-key": "a card"})
    emulator.public.post("/v1/tokens", data={"cvc_update[cvc]": "987"})
    stored = b"".join(path.read_bytes() for path in emulator.db.parent.iterdir())
    assert b"5556" in stored
    assert b"4000056655665556" not in stored
    assert b'"cvc"' not in stored
    assert b'"number"' not in stored
