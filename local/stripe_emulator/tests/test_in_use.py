"""One request at a time for an object."""

import json
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from local.stripe_emulator.gateway import Answer, Gateway, Incoming
from local.stripe_emulator.settings import SECRET_KEY, Settings
from local.stripe_emulator.store import Store

BEARER = f"Bearer {SECRET_KEY}"


def test_of_two_changes_of_one_object_the_second_is_to_come_again() -> None:
    store = Store(":memory:")
    with store.transaction() as tx:
        tx.set_fact("fingerprint_key", "00" * 32)
    gateway = Gateway(store, Settings(), lambda: None)

    def send(path: str, key: str) -> Answer:
        return gateway.answer(Incoming("POST", path, "", BEARER, key))

    customer = json.loads(send("/v1/customers", "made").body)["id"]
    paths = {f"change:{n}": f"/v1/customers/{customer}" for n in range(2)}
    with ThreadPoolExecutor(3) as threads:
        with store.transaction():
            # Nothing is executed in here: the one that has the customer waits, the other is told.
            sent = {threads.submit(send, path, key): key for key, path in paths.items()}
            told, waiting = wait(sent, return_when=FIRST_COMPLETED)
            (refused,) = told
            assert refused.result().status == 429
            assert json.loads(refused.result().body)["error"]["code"] == "lock_timeout"
            # A look has no lock.
            look = threads.submit(
                gateway.answer, Incoming("GET", f"/v1/customers/{customer}", "", BEARER)
            )
        assert [one.result().status for one in waiting] == [200]
        assert look.result().status == 200
    again = send(paths[sent[refused]], sent[refused])
    assert (again.status, again.replay_of) == (200, None)
    store.close()
