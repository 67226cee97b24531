"""The stacks that are rehearsed: between them, every sink, both kinds of quarantine, created and existing resources."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .aws import client
from .deployment import Stack, deploy
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
    "StreamShardCount": "1",
    "FunctionTimeoutSeconds": "6",
    "MaximumBatchingWindowSeconds": "0",
    "EncryptionContextKey": "stream",
    "EncryptionContextValue": "rehearsal",
    "LogLevel": "info",
}


def deploy_all(template: Path, architecture: str, work: Path) -> dict[str, Stack]:
    """Deploys the three stacks at the same time."""
    second_key = client("kms").create_key(Description="a second wrapping key")["KeyMetadata"]["Arn"]
    first_key = client("kms").create_key(Description="a first wrapping key")["KeyMetadata"]["Arn"]
    for bucket in (ARTIFACTS, _DELIVERED):
        client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    client("kinesis").create_stream(StreamName="sink-stream", ShardCount=1)
    _create_delivery_stream(_DELIVERY_STREAM, _DELIVERED)
    stacks = {
        # Everything that a first deployment creates.
        "queue": {},
        # Existing keys; the sink that shows order and duplicates best.
        "stream": {
            "KmsKeyArns": f"{first_key},{second_key}",
            "AdditionalKmsKeyArns": second_key,
            "Sink": "kinesis",
            "SinkArn": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/sink-stream",
        },
        # A bucket as quarantine, and batches that are given up.
        "delivery-stream": {
            "Sink": "firehose",
            "SinkArn": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{_DELIVERY_STREAM}",
            "Quarantine": "s3",
            "MaximumRetryAttempts": "1",
            "DeployRecordEncryptor": "false",
        },
    }
    _wait_until_active("sink-stream")
    with ThreadPoolExecutor() as pool:
        deployed = pool.map(
            lambda item: deploy(
                f"warmkeys-{item[0]}",
                template,
                ARTIFACTS,
                {**_COMMON, "Architecture": architecture, **item[1]},
                work,
            ),
            stacks.items(),
        )
        return dict(zip(stacks, deployed, strict=True))


def keys(stack: Stack) -> list[str]:
    """The wrapping keys that the stack's function accepts."""
    named = stack.parameters.get("KmsKeyArns")
    return named.split(",") if named else [stack.outputs["KmsKeyArn"]]


def producer(stack: Stack) -> Producer:
    """A producer for the stack's stream."""
    return Producer(client("kinesis"), stack.outputs["StreamArn"], keys(stack)[0], CONTEXT)


def sink(stack: Stack) -> Destination:
    """Where the stack's records in clear arrive."""
    match stack.parameters.get("Sink", "sqs"):
        case "kinesis":
            return Stream(stack.parameters["SinkArn"])
        case "firehose":
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
