"""What template.yaml promises, read from the CloudFormation that it becomes."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from billfold.adapters.dynamodb import keys
from billfold.entrypoints.bus_events import ChangeInvoiceAmount, VoidInvoice
from billfold.entrypoints.queue import PAYMENT_PATIENCE_SECONDS
from billfold.services.autopay import Outcome

from local.openapi import FUNCTIONS

ROOT = Path(__file__).resolve().parents[2]
INTAKE = ("register_customer", "issue_invoice", "change_invoice")
WORKERS = ("stripe_events", "autopay_dispatch", "autopay_charge", "notify", "reconciliation")
SCHEDULED = ("reconcile",)
# Those that no customer waits for may take longer.
TIMEOUTS = {
    "autopay_charge": 60,
    "autopay_dispatch": 120,
    "notify": 60,
    "reconcile": 120,
    "reconciliation": 200,
    "stripe_events": 200,
}
PUBLIC = {
    ("post", "/v1/auth/login"),
    ("post", "/v1/auth/challenge"),
    ("post", "/v1/auth/refresh"),
    ("post", "/v1/auth/logout"),
    ("post", "/v1/auth/password-reset"),
    ("post", "/v1/auth/password-reset/confirm"),
    ("post", "/v1/webhooks/stripe"),
}


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


def functions(resources: dict[str, Any]) -> dict[str, Any]:
    """The functions by the name of their folder."""
    found = {}
    for name, resource in of_type(resources, "AWS::Lambda::Function").items():
        service = resource["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        found[service.removeprefix("billfold-")] = {**resource, "LogicalId": name}
    return found


def test_every_function_is_deployed(resources: dict[str, Any]) -> None:
    folders = {path.parent.name for path in ROOT.glob("functions/*/app.py")}
    assert set(functions(resources)) == folders == {*FUNCTIONS, *INTAKE, *WORKERS, *SCHEDULED}


def test_functions_run_on_the_runtime_that_was_chosen(resources: dict[str, Any]) -> None:
    for name, function in functions(resources).items():
        properties = function["Properties"]
        assert properties["Runtime"] == "python3.13"
        assert properties["Architectures"] == ["arm64"]
        assert properties["Timeout"] <= TIMEOUTS.get(name, 29)


def test_paying_has_time_for_a_confirm_and_its_answer(resources: dict[str, Any]) -> None:
    assert functions(resources)["payments"]["Properties"]["Timeout"] == 29
    assert functions(resources)["cards"]["Properties"]["Timeout"] == 29


def test_no_secret_is_in_an_environment_variable(resources: dict[str, Any]) -> None:
    for function in functions(resources).values():
        variables = function["Properties"]["Environment"]["Variables"]
        assert not [name for name in variables if re.search("SECRET|PASSWORD|TOKEN|_KEY$", name)]


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        statement
        for policy in role["Properties"].get("Policies", [])
        for given in policy["PolicyDocument"]["Statement"]
        # One that is there under a condition is looked at as if it held.
        for statement in given.get("Fn::If", [None, given])[1:]
        if "Action" in statement
    ]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_each_function_has_a_role_of_its_own_without_a_star(resources: dict[str, Any]) -> None:
    roles = of_type(resources, "AWS::IAM::Role")
    used = [json.dumps(f["Properties"]["Role"]) for f in functions(resources).values()]
    assert len(set(used)) == len(used)
    for name, role in roles.items():
        for statement in statements(role):
            for action in as_list(statement["Action"]):
                assert "*" not in action, f"{name}: {action}"
            for resource in as_list(statement["Resource"]):
                assert resource != "*", name
                text = json.dumps(resource)
                # The only wildcard is below a table's own name or a path of its own.
                assert "*" not in text, f"{name}: {text}"


TABLE_ACTIONS = {
    "account": {"Query"},
    "auth": {"UpdateItem"},
    "autopay": {"GetItem", "PutItem", "UpdateItem"},
    "autopay_charge": {
        "BatchGetItem",
        "ConditionCheckItem",
        "GetItem",
        "PutItem",
        "Query",
        "UpdateItem",
    },
    "autopay_dispatch": {"Query"},
    "notify": {"GetItem", "PutItem", "Query"},
    "cards": {"GetItem", "PutItem", "UpdateItem"},
    "change_invoice": {"GetItem", "PutItem", "Query", "UpdateItem"},
    "invoices": {"GetItem", "Query"},
    "issue_invoice": {"ConditionCheckItem", "GetItem", "PutItem"},
    "payments": {"BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"},
    "primary_card": {"GetItem", "PutItem", "UpdateItem"},
    "reconcile": {"DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"},
    "reconciliation": {"BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"},
    "register_customer": {"GetItem", "PutItem"},
    "stripe_events": {"GetItem", "PutItem", "Query", "UpdateItem"},
    "stripe_webhook": set(),
}


def test_each_role_may_do_to_the_table_what_its_function_does(resources: dict[str, Any]) -> None:
    """The end-to-end tests run under these roles, so they hold enough; here: and no more."""
    found = {}
    for name, function in functions(resources).items():
        role = resources[function["Properties"]["Role"]["Fn::GetAtt"][0]]
        actions = [a for s in statements(role) for a in as_list(s["Action"])]
        found[name] = {a.split(":")[1] for a in actions if a.startswith("dynamodb:")}
    assert found == TABLE_ACTIONS


def test_only_those_who_charge_may_read_stripes_keys(resources: dict[str, Any]) -> None:
    readers = {
        name
        for name, function in functions(resources).items()
        if "ssm:GetParameter"
        in json.dumps(resources[function["Properties"]["Role"]["Fn::GetAtt"][0]])
    }
    assert readers == {
        "autopay_charge",
        "cards",
        "change_invoice",
        "payments",
        "reconcile",
        "reconciliation",
        "stripe_events",
        "stripe_webhook",
    }


def test_what_runs_by_itself_and_when(resources: dict[str, Any]) -> None:
    schedules = of_type(resources, "AWS::Scheduler::Schedule").values()
    found = {
        schedule["Properties"]["Target"]["Arn"]["Fn::GetAtt"][0]: schedule["Properties"][
            "ScheduleExpression"
        ]
        for schedule in schedules
    }
    assert found == {
        "ReconcileFunction": "rate(1 minute)",
        "ReconciliationFunction": "cron(30 3 * * ? *)",
        "AutopayDispatchFunction": {"Ref": "AutopaySchedule"},
    }


def test_automatic_payment_runs_where_the_business_is(
    resources: dict[str, Any], template: dict[str, Any]
) -> None:
    """By the clock on its wall, also when summer time begins and ends."""
    [schedule] = [
        schedule["Properties"]
        for schedule in of_type(resources, "AWS::Scheduler::Schedule").values()
        if schedule["Properties"]["ScheduleExpression"] == {"Ref": "AutopaySchedule"}
    ]
    assert schedule["ScheduleExpressionTimezone"] == {"Ref": "BusinessTimezone"}
    assert template["Parameters"]["AutopaySchedule"]["Default"].startswith("cron(0 6-")


def test_the_charges_keep_each_customers_order_and_stripes_limit(
    resources: dict[str, Any], template: dict[str, Any]
) -> None:
    """Stripe allows 25 requests a second for an endpoint; a fifth is left for people."""
    queue = resources["AutopayChargesQueue"]["Properties"]
    assert queue["FifoQueue"] is True
    mapping = resources["AutopayChargeMapping"]["Properties"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "AutopayConcurrency"}}
    assert mapping["BatchSize"] == 1
    given = template["Parameters"]
    most = given["AutopayConcurrency"]["Default"] / given["AutopaySeconds"]["Default"]
    assert most <= 25 * 4 / 5


def test_each_function_has_a_log_group_that_forgets(resources: dict[str, Any]) -> None:
    groups = of_type(resources, "AWS::Logs::LogGroup")
    for function in functions(resources).values():
        group = function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
        assert groups[group]["Properties"]["RetentionInDays"]


def routes(resources: dict[str, Any]) -> dict[tuple[str, str], Any]:
    [api] = of_type(resources, "AWS::ApiGatewayV2::Api").values()
    return {
        (method, path): operation
        for path, operations in api["Properties"]["Body"]["paths"].items()
        for method, operation in operations.items()
    }


def test_every_route_but_the_public_ones_needs_a_token_with_the_scope(
    resources: dict[str, Any],
) -> None:
    for route, operation in routes(resources).items():
        security = [part for part in operation.get("security", []) if "NONE" not in part]
        if route in PUBLIC:
            assert security == [], route
        else:
            assert security == [{"CognitoJwt": ["aws.cognito.signin.user.admin"]}], route


def test_the_routes_are_those_of_the_description(resources: dict[str, Any]) -> None:
    described = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())["paths"]
    told = {(method, path) for path, methods in described.items() for method in methods}
    assert set(routes(resources)) == told


def test_the_table_is_protected_and_its_indexes_are_those_of_the_code(
    resources: dict[str, Any],
) -> None:
    [table] = of_type(resources, "AWS::DynamoDB::Table").values()
    properties = table["Properties"]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    assert properties["DeletionProtectionEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert properties["SSESpecification"]["SSEEnabled"] is True
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["TimeToLiveSpecification"]["AttributeName"] == "expires_at"
    local = {index["IndexName"] for index in properties["LocalSecondaryIndexes"]}
    global_ = {index["IndexName"] for index in properties["GlobalSecondaryIndexes"]}
    assert local == {keys.OPEN_INVOICES, keys.INVOICE_PAYMENTS}
    assert global_ == {keys.DUE, keys.LEASES, keys.LEDGER_HOURS, keys.OPEN_DISPUTES}
    for index in properties["GlobalSecondaryIndexes"]:
        # Only the ledger, of which nothing ever changes, is copied into an index.
        kind = "INCLUDE" if index["IndexName"] == keys.LEDGER_HOURS else "KEYS_ONLY"
        assert index["Projection"]["ProjectionType"] == kind


def test_the_user_pool_is_hardened(resources: dict[str, Any]) -> None:
    [pool] = of_type(resources, "AWS::Cognito::UserPool").values()
    properties = pool["Properties"]
    assert properties["AliasAttributes"] == ["email"]
    assert properties["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert properties["DeletionProtection"] == "ACTIVE"
    assert properties["MfaConfiguration"] == "OPTIONAL"
    assert properties["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12
    [client] = of_type(resources, "AWS::Cognito::UserPoolClient").values()
    settings = client["Properties"]
    assert settings["GenerateSecret"] is True
    assert settings["ExplicitAuthFlows"] == ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    assert settings["PreventUserExistenceErrors"] == "ENABLED"
    assert settings["EnableTokenRevocation"] is True
    assert settings["RefreshTokenRotation"]["Feature"] == "ENABLED"
    assert settings["RefreshTokenRotation"]["RetryGracePeriodSeconds"] == 60
    assert 5 <= settings["AccessTokenValidity"] <= 15
    assert settings["TokenValidityUnits"]["AccessToken"] == "minutes"


def test_each_queue_has_a_dead_letter_queue_and_an_alarm(resources: dict[str, Any]) -> None:
    queues = of_type(resources, "AWS::SQS::Queue")
    dead = set()
    for name, queue in queues.items():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True, name
        if "RedrivePolicy" in queue["Properties"]:
            target = queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]
            dead.add(target["Fn::GetAtt"][0])
    assert len(dead) == len(queues) / 2
    assert all(queues[name]["Properties"]["MessageRetentionPeriod"] == 14 * 86400 for name in dead)
    watched = json.dumps(list(of_type(resources, "AWS::CloudWatch::Alarm").values()))
    for name in dead:
        assert f'"{name}"' in watched, name


def test_the_intake_reports_partial_failures_and_waits_an_hour(
    resources: dict[str, Any],
) -> None:
    mappings = of_type(resources, "AWS::Lambda::EventSourceMapping").values()
    assert len(mappings) == len(INTAKE) + len(WORKERS)
    timeouts = {f["LogicalId"]: f["Properties"]["Timeout"] for f in functions(resources).values()}
    for mapping in mappings:
        assert mapping["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        queue = resources[mapping["Properties"]["EventSourceArn"]["Fn::GetAtt"][0]]["Properties"]
        tries = queue["RedrivePolicy"]["maxReceiveCount"]
        # The function gives up after an hour by itself; the queue must not do so before.
        # What is due is looked for again by the next run.
        patient = "Autopay" not in json.dumps(mapping["Properties"]["EventSourceArn"])
        assert tries * queue["VisibilityTimeout"] > (3600 if patient else 1200)
        timeout = timeouts[mapping["Properties"]["FunctionName"]["Ref"]]
        # A message must not come back while it is still being worked on.
        assert queue["VisibilityTimeout"] >= 3 * timeout


def test_a_command_waits_a_day_for_a_payment_in_progress(resources: dict[str, Any]) -> None:
    queue = resources["InvoiceCommandsQueue"]["Properties"]
    tries = queue["RedrivePolicy"]["maxReceiveCount"]
    assert tries * queue["VisibilityTimeout"] > PAYMENT_PATIENCE_SECONDS
    assert queue["MessageRetentionPeriod"] > PAYMENT_PATIENCE_SECONDS
    [rule] = [
        rule["Properties"]
        for rule in of_type(resources, "AWS::Events::Rule").values()
        if rule["Properties"]["Targets"][0]["Arn"]["Fn::GetAtt"][0] == "InvoiceCommandsQueue"
    ]
    models = {VoidInvoice.__name__, ChangeInvoiceAmount.__name__}
    assert set(rule["EventPattern"]["detail-type"]) == models


def test_the_dashboard_shows_what_is_logged_and_watched(resources: dict[str, Any]) -> None:
    """Every outcome that the charger logs and every queue that something waits in."""
    text = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(re.sub(r"\$\{([\w:.]+)\}", r"\1", text))["widgets"]
    metrics = json.dumps([widget["properties"]["metrics"] for widget in widgets])
    for outcome in ("charged", "declined", "unknown", "later", "waiting", "overdue"):
        assert f'"{outcome}"' in metrics
        assert outcome in {one.value for one in Outcome}
    for name, queue in of_type(resources, "AWS::SQS::Queue").items():
        if "RedrivePolicy" not in queue["Properties"]:
            assert f"{name}.QueueName" in metrics, name
    made = {
        transformation["MetricName"]
        for one in of_type(resources, "AWS::Logs::MetricFilter").values()
        for transformation in one["Properties"]["MetricTransformations"]
    }
    assert made == {"PaymentsToReview", "AutopayLooks", "AutopayDue", "OldestUnsettledSeconds"}
    for metric in made:
        assert f'"{metric}"' in metrics


def test_no_alarm_waits_for_errors_that_a_batch_never_has(resources: dict[str, Any]) -> None:
    """A worker that reports the messages that failed has not failed itself (Lambda, SQS)."""
    batches = {
        mapping["Properties"]["FunctionName"]["Ref"]
        for mapping in of_type(resources, "AWS::Lambda::EventSourceMapping").values()
        if "ReportBatchItemFailures" in mapping["Properties"].get("FunctionResponseTypes", [])
    }
    assert "StripeEventsFunction" in batches
    called_otherwise = {"AutopayDispatchFunction", "ReconciliationFunction"}
    for name, alarm in of_type(resources, "AWS::CloudWatch::Alarm").items():
        if alarm["Properties"].get("MetricName") == "Errors":
            [dimension] = alarm["Properties"]["Dimensions"]
            assert dimension["Value"]["Ref"] not in batches - called_otherwise, name
    late = resources["StripeEventsFailAlarm"]["Properties"]
    assert late["MetricName"] == "ApproximateAgeOfOldestMessage"
    # A message that was received more than three times counts no more (SQS, metrics).
    tries = resources["StripeEventsQueue"]["Properties"]["VisibilityTimeout"] * 3
    assert late["Threshold"] + late["Period"] * late["EvaluationPeriods"] < tries


def test_a_reconciliation_that_differs_or_does_not_end_raises_the_alarm(
    resources: dict[str, Any], template: dict[str, Any]
) -> None:
    metric = resources["NeedsReviewByReconciliationMetric"]["Properties"]
    assert metric["LogGroupName"] == {"Ref": "ReconciliationLogGroup"}
    assert metric["FilterPattern"] == {"Fn::FindInMap": ["Log", "Review", "Pattern"]}
    pattern = template["Mappings"]["Log"]["Review"]["Pattern"]
    for message in ("stripe and ledger differ", "reconciliation is not complete"):
        assert message in pattern
