"""A mail, and how it reads as text and as HTML: both from the same words."""

from dataclasses import dataclass
from html import escape
from typing import Final


@dataclass(frozen=True, slots=True)
class Mail:
    """What is said, in plain words.

    ``rows`` are the figures, each with a name. ``button`` is a label and a path of the portal.
    """

    subject: str
    paragraphs: tuple[str, ...]
    rows: tuple[tuple[str, str], ...] = ()
    button: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes, and where the portal is; without an address there are no buttons."""

    business: str
    portal_url: str
    support: str

    @property
    def footer(self) -> str:
        """How to reach a person."""
        return f"Questions? Write to {self.support}." if self.support else ""


def text(mail: Mail, name: str, head: Letterhead) -> str:
    """Write a mail to somebody as plain text."""
    parts = [f"Hello {name},", *mail.paragraphs]
    if mail.rows:
        parts.append("\n".join(f"{label}: {value}" for label, value in mail.rows))
    if mail.button and head.portal_url:
        label, path = mail.button
        parts.append(f"{label}: {head.portal_url}{path}")
    parts.append("\n".join(line for line in (head.business, head.footer) if line))
    return "\n\n".join(parts) + "\n"


# Styles are in the tags, since mail programs drop the rest; no image, nothing is loaded.
_BODY: Final = (
    "margin:0;padding:24px;background:#f4f5f7;color:#1c2330;"
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif"
)
_SHEET: Final = "max-width:520px;margin:0 auto;padding:32px;background:#fff;border-radius:12px"
_BUTTON: Final = (
    "display:inline-block;padding:12px 20px;border-radius:8px;background:#1f4fd8;color:#fff;"
    "text-decoration:none;font-weight:600"
)
_FOOTER: Final = "margin:32px 0 0;color:#5a6474;font-size:14px"
_CELL: Final = "padding:6px 0;border-bottom:1px solid #e6e8ec"


def html(mail: Mail, name: str, head: Letterhead) -> str:
    """Write a mail to somebody as HTML."""
    parts = [f"<p>Hello {escape(name)},</p>"]
    parts += [f"<p>{escape(paragraph)}</p>" for paragraph in mail.paragraphs]
    if mail.rows:
        rows = "".join(
            f'<tr><th scope="row" style="{_CELL};text-align:left;font-weight:400;color:#5a6474">'
            f'{escape(label)}</th><td style="{_CELL};text-align:right">{escape(value)}</td></tr>'
            for label, value in mail.rows
        )
        parts.append(f'<table style="width:100%;border-collapse:collapse">{rows}</table>')
    if mail.button and head.portal_url:
        label, path = mail.button
        link = escape(f"{head.portal_url}{path}", quote=True)
        parts.append(
            f'<p style="margin:24px 0"><a href="{link}" style="{_BUTTON}">{escape(label)}</a></p>'
        )
    footer = "<br>".join(escape(line) for line in (head.business, head.footer) if line)
    parts.append(f'<p style="{_FOOTER}">{footer}</p>')
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(mail.subject)}</title>'
        f'</head><body style="{_BODY}"><div style="{_SHEET}">{"".join(parts)}</div></body></html>'
    )
