"""What template.yaml promises where it hosts the portal: private, one address, nothing cached."""

import json
import re
from typing import Any

import pytest

Resources = dict[str, Any]
PORTAL = {
    "PortalBucket",
    "PortalBucketPolicy",
    "PortalDistribution",
    "PortalHeaders",
    "PortalOriginAccess",
    "PortalPages",
    "ViewerAddress",
}
# AWS's own numbers: managed-cache-policies, managed-origin-request-policies
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"


@pytest.fixture
def distribution(resources: Resources) -> dict[str, Any]:
    found: dict[str, Any] = resources["PortalDistribution"]["Properties"]["DistributionConfig"]
    return found


def test_hosting_is_off_unless_it_is_asked_for(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    hosted = {name for name, r in resources.items() if r.get("Condition") == "HostsPortal"}
    assert hosted == PORTAL
    assert template["Parameters"]["PortalHosting"]["Default"] == "none"
    assert template["Conditions"]["HostsPortal"] == {
        "Fn::Equals": [{"Ref": "PortalHosting"}, "cloudfront"]
    }
    # What is there without it must not name what is not.
    rest = {name: r for name, r in resources.items() if name not in PORTAL}
    assert not [name for name in PORTAL if f'"{name}"' in json.dumps(rest)]


def test_half_a_set_up_is_refused(template: dict[str, Any]) -> None:
    asserted = json.dumps(template["Rules"])
    for needed in ("OriginSecret", "OriginDigests", "PortalCertificateArn", "PortalDomain"):
        assert f'{{"Ref": "{needed}"}}, ""' in asserted


def test_the_bucket_is_private_encrypted_and_kept(resources: Resources) -> None:
    bucket = resources["PortalBucket"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    ownership = properties["OwnershipControls"]["Rules"]
    assert ownership == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_only_our_distribution_reads_and_only_encrypted(resources: Resources) -> None:
    policy = resources["PortalBucketPolicy"]["Properties"]["PolicyDocument"]
    denied, allowed = policy["Statement"]
    assert denied["Effect"] == "Deny"
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    source = allowed["Condition"]["StringEquals"]["aws:SourceArn"]["Fn::Sub"]
    assert source.endswith("distribution/${PortalDistribution}")
    assert set(allowed["Action"]) == {"s3:GetObject", "s3:ListBucket"}


def test_the_api_is_passed_on_whole_and_never_cached(distribution: dict[str, Any]) -> None:
    [api] = distribution["CacheBehaviors"]
    assert api["PathPattern"] == "/v1/*"
    assert api["CachePolicyId"] == CACHING_DISABLED
    assert api["OriginRequestPolicyId"] == ALL_VIEWER_EXCEPT_HOST
    assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= set(api["AllowedMethods"])


def test_an_error_stays_what_it_is_and_is_not_kept(distribution: dict[str, Any]) -> None:
    """Error pages would turn the API's own 403 and 404 into the portal."""
    errors = distribution["CustomErrorResponses"]
    assert {error["ErrorCode"] for error in errors} >= {403, 404, 500, 502, 503, 504}
    assert all(error["ErrorCachingMinTTL"] == 0 for error in errors)
    assert not [error for error in errors if "ResponsePagePath" in error]


def test_the_secret_is_shown_by_cloudfront_and_nowhere_else(template: dict[str, Any]) -> None:
    assert template["Parameters"]["OriginSecret"]["NoEcho"] is True
    holders = [
        name
        for name, resource in template["Resources"].items()
        if re.search(r'"OriginSecret"|\$\{OriginSecret\}', json.dumps(resource))
    ]
    assert holders == ["PortalDistribution"]
    assert "OriginSecret" not in json.dumps(template["Outputs"])


def test_every_function_knows_the_digests(resources: Resources) -> None:
    functions = [r for r in resources.values() if r["Type"] == "AWS::Lambda::Function"]
    assert functions
    for function in functions:
        variables = function["Properties"]["Environment"]["Variables"]
        assert variables["ORIGIN_DIGESTS"] == {"Ref": "OriginDigests"}


def test_only_https_is_spoken(distribution: dict[str, Any]) -> None:
    behaviors = [distribution["DefaultCacheBehavior"], *distribution["CacheBehaviors"]]
    policies = {behavior["ViewerProtocolPolicy"] for behavior in behaviors}
    assert policies <= {"redirect-to-https", "https-only"}
    api = next(origin for origin in distribution["Origins"] if origin["Id"] == "api")
    assert api["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
