"""Records and events in the shapes of the service, and what has to become of them."""

import base64
import json

from sealing import KEY

STREAM_ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
SHARD_ID = "shardId-000000000000"


def order(number):
    """The plaintext of every record."""
    return json.dumps({"order": number}).encode()


def sequence_number(position):
    """56 digits, as the service's usually have."""
    return f"4959033827149025660855969253836157{position:022}"


def expected_record(position, number, partition_key, sub=None):
    """A record that has to reach the sink."""
    record = {"sequenceNumber": sequence_number(position), "partitionKey": partition_key, "text": order(number).decode()}
    if sub is not None:
        record["subSequenceNumber"] = sub
    return record


def delivered(number, data, position=None):
    """The record of an order that has to reach the sink; its place in the shard is the order's number by default."""
    position = position or number
    key = f"customer-{number}"
    return {"position": position, "key": key, "data": data, "becomes": [expected_record(position, number, key)]}


def quarantined(number, data):
    """The record of an order that has to reach the quarantine."""
    return {"position": number, "key": f"customer-{number}", "data": data, "becomes": None}


def scenario(name, description, records, **environment):
    """An event, and what has to become of its records. `environment` is what differs from the default configuration."""
    expected = {
        "description": description,
        "environment": {"KMS_KEY_ARNS": KEY} | environment,
        "functionError": False,
        "batchItemFailures": [],
        "delivered": [done for record in records if record["becomes"] for done in record["becomes"]],
        "quarantined": [sequence_number(record["position"]) for record in records if record["becomes"] is None],
    }
    return {"name": name, "event": {"Records": [event_record(record) for record in records]}, "expected": expected}


def event_record(record):
    """A record in the shape of an event of a Kinesis event source mapping."""
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record["key"],
            "sequenceNumber": sequence_number(record["position"]),
            "data": base64.b64encode(record["data"]).decode(),
            "approximateArrivalTimestamp": 1767225600 + record["position"] / 4,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{SHARD_ID}:{sequence_number(record['position'])}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::000000000000:role/stream-decryptor",
        "awsRegion": "us-east-1",
        "eventSourceARN": STREAM_ARN,
    }


def damage_last_byte(data):
    """The same with one bit changed in the last byte."""
    return data[:-1] + bytes([data[-1] ^ 1])
