"""A deadline for the whole of a call, which neither the SDK nor ``requests`` has.

Their time-out is for each receive, so an answer that trickles could outlast the function.
"""

from collections.abc import Mapping
from concurrent.futures import Future
from threading import Thread

import stripe

Response = tuple[bytes, int, Mapping[str, str]]


class DeadlineClient(stripe.RequestsClient):
    """The SDK's HTTP client, which gives up a call that has no whole answer in time.

    Parameters
    ----------
    seconds
        From the first byte sent to the last one received, looking up the name included.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(timeout=seconds)
        self._seconds = seconds
        # One session for all threads, so that connections are kept and used again.
        self._session = self.requests.Session()

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: object = None
    ) -> Response:
        """Return body, status and headers of the answer.

        Raises
        ------
        stripe.APIConnectionError
            No whole answer in time: whether Stripe took the request is unknown.
        """
        answer: Future[Response] = Future()
        send = super().request

        def call() -> None:
            try:
                answer.set_result(send(method, url, headers, post_data))
            except BaseException as error:  # noqa: BLE001 - raised again where the answer is waited for
                answer.set_exception(error)

        # The thread that is given up ends by itself when its connection does.
        Thread(target=call, name="stripe", daemon=True).start()
        try:
            return answer.result(timeout=self._seconds)
        except TimeoutError:
            raise stripe.APIConnectionError("no whole answer in time") from None  # type: ignore[no-untyped-call]
