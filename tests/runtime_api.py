"""A Lambda Runtime API on loopback that drives the real awslambdaric, without Docker.

Source: AWS documentation, "Using the Lambda runtime API". One function, one invocation at a time.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Result:
    """How an invocation ended; ``error`` is what Lambda would report for a raised exception."""

    payload: Any
    error: bool


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a runtime that was killed while it waited for its next event."""


class Function:
    """A function of this repository in the Python runtime of Lambda."""

    def __init__(self, name: str, environment: dict[str, str], *, seconds: float = 30) -> None:
        self._invocations: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._results: queue.Queue[Result] = queue.Queue()
        self._seconds = seconds
        self._server = _Server(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        code = ROOT / "functions" / name
        self._process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", "app.handler"],
            cwd=code,
            env={
                "PATH": os.environ["PATH"],
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
                "AWS_LAMBDA_FUNCTION_NAME": f"billfold-{name}",
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
                "AWS_REGION": "us-east-1",
                "AWS_DEFAULT_REGION": "us-east-1",
                "LAMBDA_TASK_ROOT": str(code),
                "PYTHONPATH": os.pathsep.join([str(code), str(ROOT / "layers" / "billfold")]),
                "POWERTOOLS_SERVICE_NAME": f"billfold-{name}",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def invoke(self, event: dict[str, Any]) -> Result:
        """Hand an event to the function and wait for its end."""
        self._invocations.put((str(uuid.uuid4()), json.dumps(event).encode()))
        return self._results.get(timeout=self._seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self.log = self._process.communicate()[0]
        self._server.shutdown()
        self._server.server_close()

    def _handler(function: Self) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

            def do_GET(self) -> None:
                request_id, payload = function._invocations.get()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
                self.send_header(
                    "Lambda-Runtime-Deadline-Ms", str(int((time.time() + function._seconds) * 1000))
                )
                self.send_header(
                    "Lambda-Runtime-Invoked-Function-Arn",
                    "arn:aws:lambda:us-east-1:123456789012:function:billfold",
                )
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                failed = self.path.endswith("/error")
                function._results.put(Result(json.loads(body) if body else None, failed))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

        return Handler
