"""Processes that take turns: each stops before every call that leaves it, until it is let on.

A process is one invocation of a function, in a thread of its own. Only one thread runs at a time,
so a test decides the order of all calls of all processes, and which of them go wrong.
"""

from collections.abc import Callable
from threading import Semaphore, Thread
from typing import Any

from tests.proof.crash.wire import KILLS, Call, Killed, Mode, in_silence


class Process:
    """One invocation; ``at`` names the call before which it waits, None once it has ended.

    Parameters
    ----------
    name
        What it does, for the one who reads a failure.
    act
        Given the process's wire, does everything and handles the errors that are answers.
    """

    def __init__(self, name: str, act: Callable[["Process"], object]) -> None:
        self.name = name
        self.at: str | None = "start"
        self._strike: Mode | None = None
        self._late: list[Callable[[], object]] = []
        self._failure: BaseException | None = None
        self._go, self._stopped = Semaphore(0), Semaphore(0)
        self._thread = Thread(target=self._run, args=(act,), name=name, daemon=True)
        self._thread.start()

    def step(self, strike: Mode | None = None) -> list[Callable[[], object]]:
        """Let it make the call before which it waits, and run up to the next one.

        Returns what the call left on its way, to be delivered at any time, or never.

        Raises
        ------
        BaseException
            What the process did not handle.
        """
        self._strike = strike
        self._go.release()
        self._stopped.acquire()
        if self.at is None:
            self._thread.join()
        if self._failure:
            failure, self._failure = self._failure, None
            raise failure
        late, self._late = self._late, []
        return late

    def finish(self) -> None:
        """Let it run to its end."""
        while self.at:
            self.step()

    def carry(self, call: Call) -> Any:
        """Wait for the test's word, then make a call, or let it go wrong."""
        self.at = call.name
        self._stopped.release()
        self._go.acquire()
        match self._strike:
            case None:
                return call.execute()
            case Mode.CRASH_BEFORE:
                raise Killed(call.name)
            case Mode.CRASH_AFTER:
                in_silence(call.execute)
                raise Killed(call.name)
            case Mode.REPLY_LOST:
                in_silence(call.execute)
            case _:
                self._late.append(call.execute)
        raise call.lost()

    def _run(self, act: Callable[["Process"], object]) -> None:
        self._go.acquire()
        try:
            if self._strike not in KILLS:
                act(self)
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again where the test waits
            self._failure = error
        finally:
            self.at = None
            self._stopped.release()
