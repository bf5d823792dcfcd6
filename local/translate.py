"""Turns template.yaml into what the AWS emulator can create, without changing what it means.

The emulator ignores the OpenAPI document that SAM makes of an HTTP API, so the document's routes
are written out as the resources that CloudFormation has for them.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from local.failure import StackError

Resources = dict[str, dict[str, Any]]

CODE = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
FUNCTION_OF = re.compile(r"\$\{(\w+)\.Arn\}")


class _ManagedPolicies:
    """The managed policies that SAM gives to functions; it asks AWS for them otherwise."""

    def load(self) -> dict[str, str]:
        prefix = "arn:aws:iam::aws:policy/service-role"
        return {
            name: f"{prefix}/{name}"
            for name in ("AWSLambdaBasicExecutionRole", "AWSLambdaSQSQueueExecutionRole")
        }


def read(path: Path) -> dict[str, Any]:
    """Read a SAM template."""
    template: dict[str, Any] = yaml_parse(path.read_text())
    return template


def code_folders(template: Mapping[str, Any]) -> dict[str, str]:
    """Give the folder of every function and layer, by the resource's name."""
    return {
        name: resource["Properties"][CODE[resource["Type"]]]
        for name, resource in template["Resources"].items()
        if resource["Type"] in CODE
    }


def to_cloudformation(
    template: dict[str, Any], code: Mapping[str, str], parameters: Mapping[str, str]
) -> dict[str, Any]:
    """Translate a SAM template whose code is at the given ``s3://`` addresses.

    Raises
    ------
    StackError
        SAM does not accept the template.
    """
    for name, address in code.items():
        resource = template["Resources"][name]
        resource["Properties"][CODE[resource["Type"]]] = address
    try:
        translated = transform(template, dict(parameters), _ManagedPolicies())
    except InvalidDocumentException as error:
        reasons = "; ".join(cause.message for cause in error.causes)
        raise StackError(f"template.yaml is not valid: {reasons}") from error
    plain: dict[str, Any] = json.loads(json.dumps(translated, default=str))
    resources: Resources = plain["Resources"]
    for name in [name for name, r in resources.items() if r["Type"] == "AWS::ApiGatewayV2::Api"]:
        resources |= _write_out(name, resources[name]["Properties"])
    for role in [r for r in resources.values() if r["Type"] == "AWS::IAM::Role"]:
        for policy in role["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                _fit_statement(statement)
    return plain


def _fit_statement(statement: dict[str, Any]) -> None:
    """Grant what AWS grants, where the emulator asks for more.

    It has an action of its own for a batch of messages (on AWS ``sqs:SendMessage`` allows both),
    and does not see which identity a mail is sent from. AWS documentation, "Actions, resources, and
    condition keys" of SQS and SES.
    """
    for case in statement.get("Fn::If", [None, statement])[1:]:
        actions = case.get("Action", [])
        if "sqs:SendMessage" in actions:
            actions.append("sqs:SendMessageBatch")
        if "ses:SendEmail" in actions:
            case["Resource"] = "*"


def routes(resources: Resources) -> dict[str, str]:
    """Give the function behind each route, e.g. ``{"GET /v1/account": "AccountFunction"}``."""
    found = {}
    for resource in resources.values():
        if resource["Type"] == "AWS::ApiGatewayV2::Route":
            target = resource["Properties"]["Target"]["Fn::Sub"]
            integration = resources[target.removeprefix("integrations/${").removesuffix("}")]
            function = integration["Properties"]["IntegrationUri"]["Fn::GetAtt"][0]
            found[resource["Properties"]["RouteKey"]] = function
    return found


def _write_out(api: str, properties: dict[str, Any]) -> Resources:
    """Replace an API's OpenAPI document by resources for its authorizers and routes."""
    document = properties.pop("Body")
    properties |= {"Name": api, "ProtocolType": "HTTP"}
    properties.pop("FailOnWarnings", None)
    schemes = document.get("components", {}).get("securitySchemes", {})
    made = {f"{api}Authorizer{name}": _authorizer(api, name, s) for name, s in schemes.items()}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            made |= _route(api, f"{method.upper()} {path}", operation)
    return made


def _authorizer(api: str, name: str, scheme: dict[str, Any]) -> dict[str, Any]:
    given = scheme["x-amazon-apigateway-authorizer"]
    return {
        "Type": "AWS::ApiGatewayV2::Authorizer",
        "Properties": {
            "ApiId": {"Ref": api},
            "Name": name,
            "AuthorizerType": "JWT",
            "IdentitySource": [given["identitySource"]],
            "JwtConfiguration": {
                "Issuer": given["jwtConfiguration"]["issuer"],
                "Audience": given["jwtConfiguration"]["audience"],
            },
        },
    }


def _route(api: str, key: str, operation: dict[str, Any]) -> Resources:
    """Make the route and its integration; their names follow from the key, so that updates fit."""
    integration = operation["x-amazon-apigateway-integration"]
    uri = integration["uri"]["Fn::Sub"]
    found = FUNCTION_OF.search(uri)
    if not found:
        raise StackError(f"the route {key} leads to no function: {uri}")
    name = api + "".join(part.capitalize() for part in re.findall(r"[A-Za-z0-9]+", key))
    route: dict[str, Any] = {
        "ApiId": {"Ref": api},
        "RouteKey": key,
        "Target": {"Fn::Sub": f"integrations/${{{name}Integration}}"},
        "AuthorizationType": "NONE",
    }
    for requirement in operation.get("security", []):
        for scheme, scopes in requirement.items():
            if scheme != "NONE":
                route |= {
                    "AuthorizationType": "JWT",
                    "AuthorizerId": {"Ref": f"{api}Authorizer{scheme}"},
                    "AuthorizationScopes": scopes,
                }
    return {
        f"{name}Route": {"Type": "AWS::ApiGatewayV2::Route", "Properties": route},
        f"{name}Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": {"Ref": api},
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": {"Fn::GetAtt": [found.group(1), "Arn"]},
                "PayloadFormatVersion": integration["payloadFormatVersion"],
            },
        },
    }
