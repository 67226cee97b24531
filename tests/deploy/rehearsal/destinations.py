"""Reads back where records go."""

import base64
import json
from typing import Protocol

from .aws import client


class Destination(Protocol):
    """Where a stack's sink writes to."""

    name: str
    """The name under which the function calls it."""
    operation: str
    """The operation that writes to it."""
    keeps_order: bool
    """Whether what was written first is read first."""

    def plaintexts(self) -> list[bytes]:
        """The records in clear that have arrived, in their order."""


class Queue:
    """An SQS queue. What was received stays in memory, in the order of its arrival."""

    operation = "SendMessageBatch"
    keeps_order = True

    def __init__(self, url: str):
        self._url = url
        self.name = url.rsplit("/", 1)[1]
        self._messages: list[dict] = []

    def _receive(self) -> list[dict]:
        """Everything received so far, with what is there now."""
        while batch := self._receive_batch():
            self._messages += batch
        return self._messages

    def _receive_batch(self) -> list[dict]:
        answer = client("sqs").receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=600
        )
        messages = answer.get("Messages", [])
        for message in messages:
            # Without this a FIFO queue holds back the rest of the message group.
            client("sqs").delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return messages

    def plaintexts(self) -> list[bytes]:
        """The messages as records, in clear, that the sink has sent."""
        return [_message_plaintext(message) for message in self._receive()]

    def bodies(self) -> list[str]:
        """The messages as they are."""
        return [message["Body"] for message in self._receive()]

    def ciphertexts(self) -> list[bytes]:
        """The messages as quarantined records, as they came; what was too large for a message is read from its object."""
        return [_quarantined(json.loads(message["Body"])) for message in self._receive()]


def _message_plaintext(message: dict) -> bytes:
    encoding = message.get("MessageAttributes", {}).get("contentEncoding", {}).get("StringValue", "text")
    return base64.b64decode(message["Body"]) if encoding == "base64" else message["Body"].encode()


def _quarantined(envelope: dict) -> bytes:
    if place := envelope.get("s3Object"):
        stored = client("s3").get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read()
        envelope = json.loads(stored)
    return base64.b64decode(envelope["data"])


class Stream:
    """A Kinesis stream of one shard."""

    operation = "PutRecords"
    keeps_order = True

    def __init__(self, arn: str):
        self._arn = arn
        self.name = arn.rsplit("/", 1)[1]

    def plaintexts(self) -> list[bytes]:
        """The records' data, in order."""
        kinesis = client("kinesis")
        shard = kinesis.list_shards(StreamARN=self._arn)["Shards"][0]["ShardId"]
        start = kinesis.get_shard_iterator(StreamARN=self._arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        iterator, records = start["ShardIterator"], []
        while iterator:
            answer = kinesis.get_records(StreamARN=self._arn, ShardIterator=iterator, Limit=10_000)
            records += [record["Data"] for record in answer["Records"]]
            iterator = answer.get("NextShardIterator") if answer["Records"] else None
        return records


class DeliveryStream:
    """A Firehose stream and the bucket it writes to."""

    operation = "PutRecordBatch"
    keeps_order = False

    def __init__(self, name: str, bucket: str):
        self.name = name
        self._bucket = Bucket(bucket)

    def plaintexts(self) -> list[bytes]:
        """The records in clear, a line each, those that came since the last call behind the others."""
        return self._bucket.lines()


class Bucket:
    """An S3 bucket. What was read stays in memory."""

    def __init__(self, name: str):
        self._name = name
        self._objects: dict[str, bytes] = {}

    def lines(self) -> list[bytes]:
        """The lines of all objects."""
        return self._lines("")

    def _read(self, prefix: str) -> list[bytes]:
        """The objects under `prefix`, in the order in which they were first seen."""
        pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix)
        for key in (entry["Key"] for page in pages for entry in page.get("Contents", [])):
            if key not in self._objects:
                self._objects[key] = client("s3").get_object(Bucket=self._name, Key=key)["Body"].read()
        return [content for key, content in self._objects.items() if key.startswith(prefix)]

    def _lines(self, prefix: str) -> list[bytes]:
        return [line for content in self._read(prefix) for line in content.splitlines() if line]

    def quarantined(self) -> list[bytes]:
        """The records in quarantine, as they came."""
        return [_quarantined(json.loads(line)) for line in self._lines("quarantine/")]

    def given_up(self) -> list[bytes]:
        """The payloads of the batches that the mapping gave up."""
        batches = [json.loads(content)["payload"] for content in self._read("aws/lambda/")]
        # Lambda writes the event as an escaped JSON string, the emulator as an object.
        events = [json.loads(batch) if isinstance(batch, str) else batch for batch in batches]
        return [base64.b64decode(record["kinesis"]["data"]) for event in events for record in event["Records"]]
