"""The pages that the local proxy shows beside the portal."""

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from local.stack_file import Stack

FOLDER = Path(__file__).parent


def demo(stack: Stack) -> str:
    """Show log-ins, links and the main job."""
    rows = "".join(
        f"<tr><td>{escape(login.customer_id)}</td><td><code>{escape(login.email)}</code></td>"
        f"<td><code>{escape(login.password)}</code></td><td>{escape(_about(index))}</td></tr>"
        for index, login in enumerate(stack.customers)
    )
    first = stack.customers[0]
    steps = Template((FOLDER / "main_job.sh").read_text()).safe_substitute(
        API=stack.api_url,
        STRIPE=stack.stripe_url,
        PK=stack.stripe_publishable_key,
        EMAIL=first.email,
        PASSWORD=first.password,
    )
    body = Template((FOLDER / "demo.html").read_text()).substitute(
        rows=rows,
        steps=escape(steps),
        aws=escape(stack.aws_endpoint_url),
        portal=escape(stack.portal_url),
        stripe=escape(stack.stripe_url),
    )
    return _page("Billfold on this machine", body)


def mail(messages: Sequence[dict[str, Any]]) -> str:
    """Show the local inbox."""
    shown = "".join(
        f"<article><h2>{escape(message['subject'])}</h2><p class=quiet>to "
        f"{escape(', '.join(message['to']))}, {escape(message['sent_at'][:19])} UTC</p>"
        f"<p>{escape(_plain(message['text']))}</p></article>"
        for message in messages
    )
    body = shown or "<p>Nothing yet. Ask for a password reset and look here for the code.</p>"
    return _page("Local inbox", f"<p><a href=/demo>Back</a></p>{body}")


def coming_up() -> str:
    """Say that the stack is not ready."""
    return _page("Billfold", "<meta http-equiv=refresh content=2><p>The stack is coming up …</p>")


def not_built() -> str:
    """Say how the portal gets there."""
    return _page(
        "Billfold",
        "<meta http-equiv=refresh content=2><p>The portal is not built yet: run "
        "<code>make portal</code>. <a href=/demo>What can be tried without it</a></p>",
    )


def _about(index: int) -> str:
    from local.seed_data import CUSTOMERS

    return CUSTOMERS[index].about


def _plain(text: str) -> str:
    return re.sub(r"<[^>]+>", "\n", text)


def _page(title: str, body: str) -> str:
    frame = Template((FOLDER / "frame.html").read_text())
    return frame.substitute(title=escape(title), body=body)
