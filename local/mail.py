"""The local inbox: what Cognito and SES sent, newest first."""

from datetime import UTC, datetime
from typing import Any

import httpx


async def messages(client: httpx.AsyncClient, aws_endpoint: str) -> list[dict[str, Any]]:
    """Read the AWS emulator's outbox; it forgets it when it stops."""
    answer = await client.get(f"{aws_endpoint}/_ministack/ses/messages")
    return shape(answer.json())


def shape(outbox: dict[str, Any]) -> list[dict[str, Any]]:
    """Give each message as recipients, subject, text and time."""
    found = [
        {
            "to": message["To"],
            "subject": message["Subject"],
            "text": message["BodyText"] or message["BodyHtml"] or "",
            "sent_at": datetime.fromtimestamp(message["Timestamp"], UTC).isoformat(),
        }
        for account in outbox["messages"].values()
        for message in account
    ]
    return sorted(found, key=lambda message: str(message["sent_at"]), reverse=True)
