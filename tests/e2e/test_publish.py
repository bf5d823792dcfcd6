"""`make publish`: what is in the bucket afterwards, and what CloudFront is told to forget."""

import json
import uuid
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.failure import StackError
from local.publish import publish
from tests.e2e.client import REGION, Stack, aws, outputs

pytestmark = pytest.mark.e2e
BUCKET = "portal-to-publish"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<script src="/assets/index-Ab12Cd34.js"></script>')
    (tmp_path / "logo.svg").write_text("<svg/>")
    (tmp_path / "assets" / "index-Ab12Cd34.js").write_text("export {}")
    (tmp_path / "config.json").write_text('{"name": "Ü", "stripe": {"script": "http://local"}}')
    return tmp_path


@pytest.fixture
def hosted(stack: Stack) -> dict[str, str]:
    """The outputs of a stack that hosts the portal."""
    aws(stack, "s3").create_bucket(Bucket=BUCKET)
    origin = {
        "Id": "files",
        "DomainName": "b.s3.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    made = aws(stack, "cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": str(uuid.uuid4()),
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "files",
                "ViewerProtocolPolicy": "https-only",
            },
        }
    )
    told = {"PortalBucketName": BUCKET, "PortalDistributionId": made["Distribution"]["Id"]}
    return outputs(stack) | told


@pytest.fixture
def session(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack["aws_endpoint_url"])
    return boto3.Session("test", "test", region_name=REGION)


def test_files_are_kept_as_long_as_they_are_true(
    stack: Stack, hosted: dict[str, str], session: boto3.Session, dist: Path
) -> None:
    names = publish(hosted, dist, session)
    assert names[0].startswith("assets/")
    assert names[-1] == "index.html"
    found: dict[str, Any] = {n: aws(stack, "s3").get_object(Bucket=BUCKET, Key=n) for n in names}
    forever = "public, max-age=31536000, immutable"
    assert {name: (head["CacheControl"], head["ContentType"]) for name, head in found.items()} == {
        "assets/index-Ab12Cd34.js": (forever, "text/javascript; charset=utf-8"),
        "config.json": ("no-cache", "application/json"),
        "index.html": ("no-cache", "text/html; charset=utf-8"),
        "logo.svg": ("no-cache", "image/svg+xml"),
    }
    config = json.loads(found["config.json"]["Body"].read())
    key = stack["stripe_publishable_key"]
    assert config == {"name": "Ü", "stripe": {"publishable_key": key, "script": None}}
    [told] = invalidations(stack, hosted["PortalDistributionId"])
    assert set(told) == {"/config.json", "/index.html", "/logo.svg"}


def invalidations(stack: Stack, distribution: str) -> list[list[str]]:
    client = aws(stack, "cloudfront")
    listed = client.list_invalidations(DistributionId=distribution)["InvalidationList"]["Items"]
    return [
        client.get_invalidation(DistributionId=distribution, Id=item["Id"])["Invalidation"][
            "InvalidationBatch"
        ]["Paths"]["Items"]
        for item in listed
    ]


def test_a_stack_without_the_portal_is_told_so(
    stack: Stack, session: boto3.Session, dist: Path
) -> None:
    with pytest.raises(StackError, match="PortalHosting=cloudfront"):
        publish(outputs(stack), dist, session)
