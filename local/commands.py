"""The commands of the embedded stack."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from local import processes, stack_file
from local.failure import StackError
from local.layout import ROOT, Layout, Ports
from local.processes import ProcessFile
from local.stack_file import Stack
from local.supervisor import NAME, run

UP_SECONDS = 300
DOWN_SECONDS = 30
MEGABYTE = 1024 * 1024


def run_in_foreground(layout: Layout) -> None:
    """Stay in the foreground until Ctrl-C."""
    print("Billfold, the embedded stack", flush=True)
    run(layout, Ports.from_environment(), lambda stack: print(_summary(stack), flush=True))


def up(layout: Layout) -> None:
    """Start in the background and come back when the stack is healthy."""
    layout.prepare()
    log = layout.run / "up.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "local", "run"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + UP_SECONDS
    try:
        with log.open() as shown:
            while True:
                ended = process.poll() is not None
                text = shown.read()
                print(text, end="", flush=True)
                if ended:
                    # The last line has said why.
                    raise SystemExit(1)
                if layout.stack_file.exists() and _names(layout, process.pid):
                    return
                if time.monotonic() > deadline:
                    raise StackError(  # noqa: TRY301 - ends the child below
                        f"the stack is not up after {UP_SECONDS} s: see {log}"
                    )
                time.sleep(0.1)
    except (KeyboardInterrupt, StackError):
        process.send_signal(signal.SIGTERM)
        process.wait(DOWN_SECONDS)
        raise


def down(layout: Layout) -> None:
    """Stop the stack; say nothing bad when there is none."""
    records = ProcessFile.in_folder(layout.run).read()
    living = [record for record in records if record.alive()]
    supervisors = [record for record in living if record.name == NAME]
    for record in supervisors:
        os.kill(record.pid, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_SECONDS
    while any(record.alive() for record in supervisors) and time.monotonic() < deadline:
        time.sleep(0.1)
    # Whatever is left belongs to a supervisor that was killed.
    processes.sweep(records)
    layout.stack_file.unlink(missing_ok=True)
    shutil.rmtree(layout.run, ignore_errors=True)
    print("Stopped." if living else "The stack was not up.")


def reset(layout: Layout) -> None:
    """Stop the stack and forget its data."""
    down(layout)
    shutil.rmtree(layout.data, ignore_errors=True)
    print("Its data is forgotten; the next start makes it anew.")


def status(layout: Layout) -> None:
    """Show what runs and how much memory it takes."""
    stack = stack_file.read(layout.stack_file)
    records = [r for r in ProcessFile.in_folder(layout.run).read() if r.alive()]
    if stack is None or not records:
        raise StackError("the stack is not up: start it with `make up` or `make run`")
    print(
        f"Portal  {stack.portal_url}\nAWS     {stack.aws_endpoint_url}\nStripe  {stack.stripe_url}"
    )
    used = processes.memory(records)
    for name, size in used.items():
        print(f"{size / MEGABYTE:7.0f} MB  {name}")
    print(f"{sum(used.values()) / MEGABYTE:7.0f} MB  together")


def _names(layout: Layout, pid: int) -> bool:
    return any(record.pid == pid for record in ProcessFile.in_folder(layout.run).read())


def _summary(stack: Stack) -> str:
    logins = "\n".join(
        f"  {login.email:<22} {login.password:<20} {login.customer_id}" for login in stack.customers
    )
    return (
        f"\n  Portal  {stack.portal_url}\n  Demo    {stack.demo_url}  what to try, and curl lines\n"
        f"  Mail    {stack.mail_url}  invitations and reset codes\n"
        f"  Stripe  {stack.stripe_url}\n  AWS     {stack.aws_endpoint_url}\n\n"
        f"  Log-ins\n{logins}\n\n  Ctrl-C stops it; `make reset` forgets its data."
    )


COMMANDS: dict[str, Callable[[Layout], None]] = {
    "run": run_in_foreground,
    "up": up,
    "down": down,
    "reset": reset,
    "status": status,
}


def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m local")
    parser.add_argument("command", choices=COMMANDS)
    command = COMMANDS[parser.parse_args().command]
    try:
        command(Layout.from_environment())
    except StackError as error:
        print(f"billfold: {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
