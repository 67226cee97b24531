"""Least privilege: what the functions called against what the deployed policies allow."""

import fnmatch
import json

from .aws import client
from .failure import StepFailed
from .journal import Journal
from .layout import ACCOUNT, REGION

# API operations whose permission has another name than the operation.
_ACTIONS = {
    ("sqs", "SendMessageBatch"): "sqs:SendMessage",
}

# What the Lambda service itself does in the role's name: read the stream, write logs and on-failure objects.
_OF_THE_SERVICE = {
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "s3:ListBucket",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
}


def called_actions(journal: Journal, function: str) -> set[tuple[str, str]]:
    """The actions that `function` called, each with the ARN it named (or `*` where it named none)."""
    return {
        (_ACTIONS.get((call["service"], call["operation"]), f"{call['service']}:{call['operation']}"), _arn(call))
        for call in journal.calls()
        if call["function"] == function
    }


def problems(function: str, called: set[tuple[str, str]]) -> list[str]:
    """Calls that no statement allows."""
    statements = _statements(function)
    return [
        f"{function} called {action} on {arn}, which its policies do not allow"
        for action, arn in sorted(called)
        if not any(_allows(statement, action, arn) for statement in statements)
    ]


def unused_actions(function: str, called: set[tuple[str, str]]) -> set[str]:
    """Actions that the policies allow, but neither the function nor the Lambda service has a use for."""
    allowed = {action for statement in _statements(function) for action in _list(statement["Action"])}
    return allowed - {action for action, _ in called} - _OF_THE_SERVICE


def _statements(function: str) -> list[dict]:
    role = client("lambda").get_function_configuration(FunctionName=function)["Role"].rsplit("/", 1)[1]
    iam = client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    if attached:
        raise StepFailed(f"{role} has managed policies, whose statements are not compared: {attached}")
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    documents = [json.loads(document) if isinstance(document, str) else document for document in documents]
    return [statement for document in documents for statement in _list(document["Statement"])]


def _allows(statement: dict, action: str, arn: str) -> bool:
    return action in _list(statement["Action"]) and any(
        arn == "*" or fnmatch.fnmatchcase(arn, pattern) for pattern in _list(statement["Resource"])
    )


def _arn(call: dict) -> str:
    """The ARN that a call named, or `*` if it named none."""
    resource = call["resource"] or "*"
    if resource == "*" or resource.startswith("arn:"):
        return resource
    here = f"{REGION}:{ACCOUNT}"
    return {
        "sqs": f"arn:aws:sqs:{here}:{resource.rpartition('/')[2]}",
        "kinesis": f"arn:aws:kinesis:{here}:stream/{resource}",
        "firehose": f"arn:aws:firehose:{here}:deliverystream/{resource}",
        "s3": f"arn:aws:s3:::{resource}",
    }.get(call["service"], resource)


def _list(value) -> list:
    return value if isinstance(value, list) else [value]
