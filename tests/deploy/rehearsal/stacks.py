"""The stacks that are rehearsed: between them, every sink, both kinds of quarantine, created and existing resources, the
whole and one function alone."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .aws import client
from .deployment import Package, Stack, deploy, with_parameters
from .destinations import DeliveryStream, Destination, Queue, Stream
from .failure import StepFailed
from .layout import ACCOUNT, REGION
from .producer import Producer
from .waiting import eventually

CONTEXT = {"stream": "rehearsal"}

_DELIVERY_STREAM = "sink-delivery-stream"
ARTIFACTS, _DELIVERED = "deployment-artifacts", "delivered"

# Common to all stacks. The time-out is short so that throttling reaches the deadline soon.
_COMMON = {
    "FunctionTimeoutSeconds": "6",
    "EncryptionContextKey": "stream",
    "EncryptionContextValue": "rehearsal",
}
_CREATED_STREAM = {"StreamShardCount": "1"}
# Of stream-decryptor's own parameters: nothing waits for a batch to fill.
_AT_ONCE = {"MaximumBatchingWindowSeconds": "0"}

# The one documented parameter for what is rarely set: its quotation marks and commas must reach the function whole. The first two values
# are the defaults, so that they change nothing else. With the third, records go to quarantine that can be read again.
SETTINGS = '{"DATA_KEY_MAX_AGE_SECONDS":"300","KMS_MAX_ATTEMPTS":"20","UNAVAILABLE_KEY":"quarantine"}'

_EXISTING_STREAM = "existing-stream"


def deploy_all(package: Package, architecture: str, work: Path) -> dict[str, Stack]:
    """Deploys the three stacks at the same time."""
    second_key = client("kms").create_key(Description="a second wrapping key")["KeyMetadata"]["Arn"]
    first_key = client("kms").create_key(Description="a first wrapping key")["KeyMetadata"]["Arn"]
    for bucket in (ARTIFACTS, _DELIVERED):
        client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    third_key = client("kms").create_key(Description="the wrapping key of the existing stream")["KeyMetadata"]["Arn"]
    for stream in ("sink-stream", _EXISTING_STREAM):
        client("kinesis").create_stream(StreamName=stream, ShardCount=1)
    _create_delivery_stream(_DELIVERY_STREAM, _DELIVERED)
    for stream in ("sink-stream", _EXISTING_STREAM):
        _wait_until_active(stream)
    common = {**_COMMON, "Architecture": architecture}
    root = with_parameters(package.template, "StreamDecryptor", _AT_ONCE)
    stacks = {
        # Everything that a first deployment creates.
        "queue": (root, {**_CREATED_STREAM, "StreamDecryptorSettings": SETTINGS}),
        # Existing keys; the sink that shows order and duplicates best.
        "stream": (
            with_parameters(root, "RecordEncryptor", {"AdditionalKmsKeyArns": second_key}),
            {
                **_CREATED_STREAM,
                "KmsKeyArns": f"{first_key},{second_key}",
                "Sink": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/sink-stream",
            },
        ),
        # stream-decryptor alone, beside a stream and a key that exist; a bucket as quarantine, and batches that are given up.
        "delivery-stream": (
            package.function_templates["StreamDecryptor"],
            {
                "FunctionName": "warmkeys-delivery-stream-stream-decryptor",
                "StreamArn": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{_EXISTING_STREAM}",
                "KmsKeyArns": third_key,
                "SinkArn": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{_DELIVERY_STREAM}",
                **_AT_ONCE,
                "MaximumRecordAgeSeconds": "82800",
                "Quarantine": "bucket",
                "MaximumRetryAttempts": "1",
                "AlarmTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms",
            },
        ),
    }
    with ThreadPoolExecutor() as pool:
        deployed = pool.map(lambda item: _deploy(item[0], *item[1], common, work), stacks.items())
        return dict(zip(stacks, deployed, strict=True))


def _deploy(name: str, template: Path, parameters: dict[str, str], common: dict[str, str], work: Path) -> Stack:
    stack = deploy(f"warmkeys-{name}", template, ARTIFACTS, {**common, **parameters}, work)
    if "FunctionName" in stack.outputs:
        # A function alone: the root template would have given these outputs so.
        stack.outputs["StreamDecryptorName"] = stack.outputs.pop("FunctionName")
        stack.outputs["StreamArn"] = stack.parameters["StreamArn"]
    return stack


def keys(stack: Stack) -> list[str]:
    """The wrapping keys that the stack's function accepts."""
    named = stack.parameters.get("KmsKeyArns")
    return named.split(",") if named else [stack.outputs["KmsKeyArn"]]


def producer(stack: Stack) -> Producer:
    """A producer for the stack's stream."""
    return Producer(client("kinesis"), stack.outputs["StreamArn"], keys(stack)[0], CONTEXT)


def sink(stack: Stack) -> Destination:
    """Where the stack's records in clear arrive."""
    arn = stack.parameters.get("Sink") or stack.parameters.get("SinkArn") or ""
    match arn.split(":")[2:3]:
        case ["kinesis"]:
            return Stream(arn)
        case ["firehose"]:
            return DeliveryStream(_DELIVERY_STREAM, _DELIVERED)
        case _:
            return Queue(stack.outputs["SinkQueueUrl"])


def _create_delivery_stream(name: str, bucket: str) -> None:
    client("firehose").create_delivery_stream(
        DeliveryStreamName=name,
        DeliveryStreamType="DirectPut",
        ExtendedS3DestinationConfiguration={
            "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/delivery",
            "BucketARN": f"arn:aws:s3:::{bucket}",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
        },
    )


def _wait_until_active(stream: str) -> None:
    def is_active() -> bool:
        summary = client("kinesis").describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
        return summary["StreamStatus"] == "ACTIVE"

    if not eventually(is_active, within_seconds=30):
        raise StepFailed(f"{stream} does not become active")
