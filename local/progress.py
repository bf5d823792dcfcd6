"""What a person sees while the stack comes up: one line a step, with the time it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a step and say how long it took."""
    started = time.monotonic()
    interactive = sys.stdout.isatty()
    if interactive:
        print(f"  {text} …", end="", flush=True)
    try:
        yield
    except BaseException:
        if interactive:
            print(flush=True)
        raise
    lead = "\r" if interactive else ""
    print(f"{lead}  {text}  {time.monotonic() - started:.1f} s", flush=True)
