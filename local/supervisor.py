"""Runs the whole stack: starts everything, watches over it, and takes everything down again."""

import fcntl
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

from local import emulators, package, stack_file, stripe_keys
from local.admission import Workers, extra_workers
from local.data import Data
from local.failure import StackError
from local.layout import LOOPBACK, Layout, Ports
from local.portal_files import PortalFiles
from local.processes import Child, ProcessFile, sweep, this_process
from local.progress import step
from local.provision import Api, Order, provision
from local.proxy import application
from local.seed_data import CUSTOMERS
from local.server import Server
from local.stack_file import Stack

NAME = "the supervisor"


class Interrupted(BaseException):
    """SIGINT, SIGTERM or SIGHUP came."""


class Signals:
    """Turns the signals that end us into ``Interrupted``, but not while something is half done."""

    def __init__(self) -> None:
        self._held = False
        self._came = False

    def listen(self) -> None:
        """Begin."""
        self._handle(self._interrupt)

    def ignore(self) -> None:
        """Let nothing get in the way of taking down."""
        self._handle(signal.SIG_IGN)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Put an interruption off to the end of the block."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        self.require_none()

    def require_none(self) -> None:
        """Raise when one came; an exception may have been lost in a finalizer.

        Raises
        ------
        Interrupted
        """
        if self._came:
            raise Interrupted

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        first, self._came = not self._came, True
        if first and not self._held:
            raise Interrupted

    @staticmethod
    def _handle(
        handler: signal.Handlers | Callable[[int, FrameType | None], None],
    ) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, handler)


def run(layout: Layout, ports: Ports, ready: Callable[[Stack], None]) -> None:
    """Bring the stack up, call ``ready``, and stay until it is interrupted or something dies.

    Raises
    ------
    StackError
        It cannot come up, or a part of it has ended.
    """
    layout.prepare()
    signals = Signals()
    with ExitStack() as closing:
        try:
            signals.listen()
            with signals.held():
                closing.enter_context(_alone(layout))
            _bring_up(layout, ports, closing, signals, ready)
        except Interrupted:
            print("\nStopping …", flush=True)
        finally:
            signals.ignore()


def _bring_up(
    layout: Layout,
    ports: Ports,
    closing: ExitStack,
    signals: Signals,
    ready: Callable[[Stack], None],
) -> None:
    ports.require_free()
    extra = extra_workers()
    stripe = stripe_keys.account(os.environ, f"http://{LOOPBACK}:{ports.stripe}")
    stack = _describe(ports, stripe)
    # Taken down in the opposite order: the files last.
    closing.callback(shutil.rmtree, layout.run / "tmp", ignore_errors=True)
    processes = ProcessFile.in_folder(layout.run)
    closing.callback(processes.forget)
    processes.write([this_process(NAME)])
    with step("Installing the layer's packages, unless they are there"):
        package.install(layout.build)

    data = Data.of(layout.data, stripe)
    data.open()
    with step("Starting the emulators"):
        with signals.held():
            children = _start(layout, data, ports, stripe, closing)
            processes.write([this_process(NAME), *(child.record for child in children)])

        def check() -> None:
            signals.require_none()
            for child in children:
                child.require_alive()

        emulators.wait_for(f"{stack.aws_endpoint_url}/_ministack/health", children[0], check)
        if stripe.control_url:
            emulators.wait_for(f"{stripe.control_url}/health", children[1], check)
    up = threading.Event()
    servers: list[Server] = []

    def deployed(api: Api) -> None:
        workers = Workers(set(api.routes.values()), extra)
        app = application(api, workers, stack, PortalFiles(stack), up.is_set)
        servers.append(Server(app, ports.portal))
        closing.callback(servers[0].stop)
        servers[0].start()

    order = Order(stack.aws_endpoint_url, stack.api_url, layout.build, layout.run / "layer", stripe)
    provision(order, deployed, check)
    up.set()
    closing.callback(layout.stack_file.unlink, missing_ok=True)
    ready(stack)
    # Last: `up` goes away when it sees the file.
    stack_file.write(layout.stack_file, stack)
    while True:
        check()
        servers[0].require_alive()
        time.sleep(0.5)


def _start(
    layout: Layout,
    data: Data,
    ports: Ports,
    stripe: stripe_keys.StripeAccount,
    closing: ExitStack,
) -> list[Child]:
    """Start the children; they are stopped, and what they saved is noted, when all ends."""
    children = [emulators.start_aws(layout, data, ports.aws, stripe)]

    def stop() -> None:
        # A list: every child is stopped, also after one that would not end cleanly.
        if all([child.stop() for child in children]):  # noqa: C419
            data.close()

    closing.callback(stop)
    if stripe.control_url:
        webhook = f"http://{LOOPBACK}:{ports.portal}/v1/webhooks/stripe"
        children.append(emulators.start_stripe(layout, data, ports.stripe, stripe, webhook))
    return children


def _describe(ports: Ports, stripe: stripe_keys.StripeAccount) -> Stack:
    origin = f"http://{LOOPBACK}:{ports.portal}"
    return Stack(
        portal_url=origin,
        api_url=origin,
        stripe_url=stripe.url,
        stripe_publishable_key=stripe.publishable_key,
        stripe_secret_key=stripe.secret_key,
        stripe_control_url=stripe.control_url,
        aws_endpoint_url=f"http://{LOOPBACK}:{ports.aws}",
        demo_url=f"{origin}/demo",
        mail_url=f"{origin}/mail",
        customers=[customer.login for customer in CUSTOMERS],
    )


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """Hold the lock of this stack, and clear away what a killed supervisor left."""
    with (layout.run / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            running = stack_file.read(layout.stack_file)
            where = f" at {running.portal_url}" if running else ""
            raise StackError(
                f"the stack is already up{where}: use it, or stop it with `make down`"
            ) from error
        processes = ProcessFile.in_folder(layout.run)
        sweep(processes.read())
        layout.stack_file.unlink(missing_ok=True)
        shutil.rmtree(layout.run / "tmp", ignore_errors=True)
        (layout.run / "tmp").mkdir()
        for log in layout.run.glob("*.log"):
            if log.name != "up.log":
                log.unlink()
        yield
