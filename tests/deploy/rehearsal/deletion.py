"""Deletes a stack as anybody would, with `sam delete`, and looks at what is left."""

from collections.abc import Callable

from botocore.exceptions import ClientError

from .aws import client
from .deployment import deploy
from .layout import REGION, TOOLS
from .processes import run
from .rehearsal import Outcome, Rehearsal
from .stacks import ARTIFACTS
from .waiting import eventually

_DELETE_SECONDS = 180
_GONE_SECONDS = 30

# What the README says is kept: what may hold records that are nowhere else, or that nobody could read without.
_KEPT = {"AWS::KMS::Key", "AWS::Kinesis::Stream", "AWS::S3::Bucket", "AWS::SQS::Queue"}


def deletion_keeps_records_and_keys(rehearsal: Rehearsal) -> Outcome:
    """Records and keys are left and nothing else, and the stack can be deployed again beside them."""
    outcome = Outcome()
    stack = rehearsal.stacks["queue"]
    resources = _resources(stack.name)
    command = [TOOLS / "bin" / "sam", "delete", "--stack-name", stack.name, "--region", REGION, "--no-prompts"]
    run(command, rehearsal.work / "delete.log", _DELETE_SECONDS, cwd=rehearsal.work)
    for resource in resources:
        kind, name = resource["ResourceType"], resource["PhysicalResourceId"]
        if kind in _KEPT:
            outcome.demand(_exists(kind, name), f"{resource['LogicalResourceId']} was deleted")
        else:
            gone = eventually(lambda kind=kind, name=name: not _exists(kind, name), _GONE_SECONDS)
            outcome.demand(gone, f"{resource['LogicalResourceId']} ({kind}) is left")
    kept = sum(resource["ResourceType"] in _KEPT for resource in resources)
    outcome.note = f"kept {kept} of {len(resources)} resources"
    outcome.demand(kept, "nothing was kept")
    deploy(stack.name, rehearsal.package.template, ARTIFACTS, stack.parameters, rehearsal.work)
    return outcome


def _resources(stack_name: str) -> list[dict]:
    """The stack's resources and those of the stacks that are nested in it."""
    resources = client("cloudformation").describe_stack_resources(StackName=stack_name)["StackResources"]
    nested = [resource for resource in resources if resource["ResourceType"] == "AWS::CloudFormation::Stack"]
    return resources + [inner for resource in nested for inner in _resources(resource["PhysicalResourceId"])]


def _stack_exists(name: str) -> bool:
    [stack] = client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return stack["StackStatus"] != "DELETE_COMPLETE"


def _exists(kind: str, name: str) -> bool:
    if kind not in _LOOK_UP:
        raise KeyError(f"nobody has said how to look up a {kind}")
    try:
        return bool(_LOOK_UP[kind](name))
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404):
            return False
        raise


# By the physical id that CloudFormation gives: what is returned is true, or an error says that it is not there.
_LOOK_UP: dict[str, Callable[[str], object]] = {
    "AWS::CloudFormation::Stack": _stack_exists,
    "AWS::CloudWatch::Dashboard": lambda name: client("cloudwatch").get_dashboard(DashboardName=name),
    "AWS::IAM::Role": lambda name: client("iam").get_role(RoleName=name),
    "AWS::KMS::Alias": lambda name: name in [alias["AliasName"] for alias in client("kms").list_aliases()["Aliases"]],
    "AWS::KMS::Key": lambda name: client("kms").describe_key(KeyId=name)["KeyMetadata"]["KeyState"] == "Enabled",
    "AWS::Kinesis::Stream": lambda name: client("kinesis").describe_stream_summary(StreamName=name),
    "AWS::Lambda::EventSourceMapping": lambda name: client("lambda").get_event_source_mapping(UUID=name),
    "AWS::Lambda::Function": lambda name: client("lambda").get_function(FunctionName=name),
    "AWS::Logs::LogGroup": lambda name: client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"],
    "AWS::S3::Bucket": lambda name: client("s3").head_bucket(Bucket=name),
    "AWS::S3::BucketPolicy": lambda _: False,  # a policy has no life of its own
    "AWS::SQS::QueuePolicy": lambda _: False,
    "AWS::SQS::Queue": lambda url: client("sqs").get_queue_attributes(QueueUrl=url),
}
