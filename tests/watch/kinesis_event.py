"""Records of a stream in the shape in which a function receives them."""

import base64
import json

from servers import SHARD_ID, STREAM_ARN


def kinesis_event(records: list[dict]) -> bytes:
    """The records as an event source mapping sends them."""
    return json.dumps({"Records": [event_record(record) for record in records]}).encode()


def event_record(record: dict) -> dict:
    base64.b64decode(record["Data"], validate=True)
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record["PartitionKey"],
            "sequenceNumber": record["SequenceNumber"],
            "data": record["Data"],
            "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"],
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{SHARD_ID}:{record['SequenceNumber']}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::000000000000:role/local",
        "awsRegion": "us-east-1",
        "eventSourceARN": STREAM_ARN,
    }
