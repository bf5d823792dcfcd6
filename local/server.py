"""Serves the proxy from a thread, so that the main thread can watch over the children."""

import socket
import threading
import time

import uvicorn
from starlette.types import ASGIApp

from local.failure import StackError
from local.layout import LOOPBACK


class Server:
    """A uvicorn server on a socket of ours."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((LOOPBACK, port))
        self.origin = f"http://{LOOPBACK}:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
        )
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="proxy", daemon=True
        )

    def start(self) -> None:
        """Serve, and come back when it does.

        Raises
        ------
        StackError
        """
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise StackError("the local proxy cannot be started; see the lines above")
            time.sleep(0.01)

    def require_alive(self) -> None:
        """Raise when it has ended.

        Raises
        ------
        StackError
        """
        if not self._thread.is_alive():
            raise StackError("the local proxy ended; see the lines above")

    def stop(self) -> None:
        """Let what is in flight end, for a moment; harmless before the start."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(5)
        self._socket.close()
