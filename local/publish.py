"""Puts portal/dist into the bucket of a deployed stack: ``make publish STACK=billfold``.

What has a hash in its name goes first and stays there for pages that are open; the pages that name
it follow, so that nobody is sent to a file that is not there yet.
"""

import argparse
import json
import mimetypes
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.failure import StackError
from local.portal_files import CONFIG, DIST, cache_control

# Python's own table differs between systems.
TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


def publish(outputs: Mapping[str, str], dist: Path, session: boto3.Session) -> list[str]:
    """Upload everything and let CloudFront forget what may have changed.

    Returns
    -------
    The names of the files, as they were uploaded.

    Raises
    ------
    StackError
        The stack hosts no portal, or there is none to upload.
    """
    bucket = outputs.get("PortalBucketName")
    if not bucket:
        raise StackError("this stack hosts no portal: deploy it with PortalHosting=cloudfront")
    if not (dist / "index.html").exists():
        raise StackError("there is no portal to publish: run `make portal`")
    names = [path.relative_to(dist).as_posix() for path in dist.rglob("*") if path.is_file()]
    names.sort(key=lambda name: (not name.startswith("assets/"), name == "index.html", name))
    store = session.client("s3")
    for name in names:
        content = (dist / name).read_bytes()
        if name == CONFIG:
            content = _configured(content, _publishable_key(outputs["StripeParameter"], session))
        store.put_object(
            Bucket=bucket,
            Key=name,
            Body=content,
            CacheControl=cache_control(name),
            ContentType=_content_type(name),
        )
    changed = [f"/{name}" for name in names if not name.startswith("assets/")]
    session.client("cloudfront").create_invalidation(
        DistributionId=outputs["PortalDistributionId"],
        InvalidationBatch={
            "Paths": {"Quantity": len(changed), "Items": changed},
            "CallerReference": str(time.time_ns()),
        },
    )
    return names


def outputs_of(stack: str, session: boto3.Session) -> dict[str, str]:
    """Give what a deployed stack tells about itself."""
    [found] = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {told["OutputKey"]: told["OutputValue"] for told in found["Outputs"]}


def _publishable_key(parameter: str, session: boto3.Session) -> str:
    """Read the key that browsers may know, from where the functions have all of them."""
    found = session.client("ssm").get_parameter(Name=parameter, WithDecryption=True)
    return str(json.loads(found["Parameter"]["Value"])["publishable_key"])


def _configured(content: bytes, publishable_key: str) -> bytes:
    config: dict[str, Any] = json.loads(content)
    # Without a script of another address the portal takes Stripe's own.
    config["stripe"] = {"publishable_key": publishable_key, "script": None}
    return json.dumps(config, ensure_ascii=False).encode()


def _content_type(name: str) -> str:
    suffix = Path(name).suffix
    kind = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(prog="make publish STACK=…")
    parser.add_argument("stack", help="the name of a deployed stack")
    try:
        session = boto3.Session()
        names = publish(outputs_of(parser.parse_args().stack, session), DIST, session)
    except (StackError, BotoCoreError, ClientError) as error:
        print(f"billfold: {error}", file=sys.stderr)
        return 1
    print(f"{len(names)} files are published; CloudFront shows them within a minute or two")
    return 0


if __name__ == "__main__":
    sys.exit(main())
