"""The scenarios: each an event, and what has to become of its records."""

import json

from kpl_aggregate import aggregate
from records import damage_last_byte, delivered, expected_record, order, quarantined, scenario
from sealing import CLUSTER_ID, KEY, MULTI_REGION_KEY, NOT_COMMITTING, SECOND_KEY, SIGNED, Sealing


def all_scenarios():
    """Every scenario: its event and what has to become of it."""
    sealing = Sealing()
    orders = sealing.one_data_key()
    return [
        scenario(
            "all-decryptable",
            "Five records under one data key: one KMS call.",
            [delivered(n, orders.seal(order(n))) for n in range(1, 6)],
        ),
        scenario("empty-batch", "No record at all.", []),
        two_data_keys(sealing),
        scenario(
            "throttled",
            "36 records, each under a data key of its own: 36 KMS calls. With `cargo local` KMS allows ten a second: the first answer is a "
            "checkpoint, and the same event again finishes.",
            [delivered(n, sealing.one_data_key().seal(order(n))) for n in range(1, 37)],
        ),
        scenario(
            "poison-record",
            "The third of five records is damaged in its last byte.",
            [
                quarantined(n, damage_last_byte(orders.seal(order(n)))) if n == 3 else delivered(n, orders.seal(order(n)))
                for n in range(1, 6)
            ],
        ),
        scenario(
            "unencrypted-record",
            "The second of three records is plain JSON.",
            [
                delivered(1, orders.seal(order(1))),
                quarantined(2, order(2)),
                delivered(3, orders.seal(order(3))),
            ],
        ),
        wrong_encryption_context(sealing, orders),
        scenario(
            "unknown-key",
            "The second of three records is wrapped by a KMS key that the configuration does not allow.",
            [
                delivered(1, orders.seal(order(1))),
                quarantined(2, sealing.one_data_key(keys=[SECOND_KEY]).seal(order(2))),
                delivered(3, orders.seal(order(3))),
            ],
        ),
        scenario(
            "two-wrapping-keys",
            "Each data key is wrapped by two KMS keys, of which the configuration allows the second.",
            [
                delivered(n, data_key.seal(order(n)))
                for data_key in [sealing.one_data_key(keys=[SECOND_KEY, KEY])]
                for n in range(1, 4)
            ],
        ),
        scenario(
            "multi-region-key",
            "Records under a multi-Region key.",
            [
                delivered(n, data_key.seal(order(n)))
                for data_key in [sealing.one_data_key(keys=[MULTI_REGION_KEY])]
                for n in range(1, 4)
            ],
            KMS_KEY_ARNS=MULTI_REGION_KEY,
        ),
        scenario(
            "signed-suite",
            "Records in the signing suite 0578, under one data key and one signing key.",
            [
                delivered(n, data_key.seal(order(n)))
                for data_key in [sealing.one_data_key(suite=SIGNED)]
                for n in range(1, 4)
            ],
        ),
        scenario(
            "non-committing-suite",
            "The second of three records is in suite 0178, which has no key commitment: refused by the default policy.",
            [
                delivered(1, orders.seal(order(1))),
                quarantined(2, sealing.one_data_key(suite=NOT_COMMITTING).seal(order(2))),
                delivered(3, orders.seal(order(3))),
            ],
        ),
        kpl_aggregate(orders),
        scenario(
            "kpl-aggregate-damaged",
            "An aggregate with a wrong checksum is plain data, as the KCL takes it; as such it is not a message.",
            [
                delivered(1, orders.seal(order(1))),
                quarantined(2, damage_last_byte(aggregate([("customer-2", None, orders.seal(order(2)))]))),
            ],
        ),
        scenario(
            "shared-sequence-number",
            "Enhanced fan-out: the service took an aggregate apart, and its three records share a sequence number.",
            [
                delivered(1, orders.seal(order(1))),
                *(delivered(n, orders.seal(order(n)), position=2) for n in range(2, 5)),
                delivered(5, orders.seal(order(5))),
            ],
        ),
        missing_sequence_number(orders),
        scenario(
            "kms-ciphertext",
            "Each payload is a bare KMS ciphertext.",
            [delivered(n, sealing.kms_ciphertext(order(n))) for n in range(1, 4)],
            RECORD_FORMAT="kms-ciphertext",
        ),
        database_activity_stream(sealing),
    ]


def two_data_keys(sealing):
    """Records whose data keys take turns."""
    data_keys = [sealing.one_data_key(), sealing.one_data_key()]
    records = [delivered(n, data_keys[n % 2].seal(order(n))) for n in range(1, 7)]
    return scenario("two-data-keys", "Six records, the data keys taking turns: two KMS calls.", records)


def wrong_encryption_context(sealing, orders):
    """A record whose stored encryption context was changed after it was sealed, so that KMS refuses its data key."""
    other = sealing.one_data_key().seal(order(2))
    assert other.count(b"blue") == 1
    return scenario(
        "wrong-encryption-context",
        "The second of three records claims another tenant than its data key was wrapped for; KMS refuses it.",
        [
            delivered(1, orders.seal(order(1))),
            quarantined(2, other.replace(b"blue", b"glue")),
            delivered(3, orders.seal(order(3))),
        ],
    )


def kpl_aggregate(orders):
    """An aggregate of three user records between two plain ones."""
    members = [
        ("customer-2", None, orders.seal(order(2))),
        ("customer-3", str(2**127), orders.seal(order(3))),
        ("customer-4", None, orders.seal(order(4))),
    ]
    record = delivered(2, aggregate(members))
    record["becomes"] = [expected_record(2, n, f"customer-{n}", sub=n - 2) for n in range(2, 5)]
    return scenario(
        "kpl-aggregate",
        "The second of three Kinesis records is an aggregate of three, made by the Kinesis Producer Library's rules.",
        [delivered(1, orders.seal(order(1))), record, delivered(5, orders.seal(order(5)), position=3)],
    )


def missing_sequence_number(orders):
    """A record that could never be named as a checkpoint."""
    made = scenario(
        "missing-sequence-number",
        "The second record has no sequence number, so that no checkpoint could name it: the invocation fails.",
        [delivered(n, orders.seal(order(n))) for n in range(1, 4)],
    )
    del made["event"]["Records"][1]["kinesis"]["sequenceNumber"]
    made["expected"] |= {"functionError": True, "delivered": []}
    return made


def database_activity_stream(sealing):
    """A database activity stream of an Aurora cluster: one outer data key, and a message under it in each record."""
    content = {
        "type": "DatabaseActivityMonitoringRecord",
        "clusterId": CLUSTER_ID,
        "instanceId": "db-WARMKEYSDEVELOPMENT",
        "databaseActivityEventList": [{"type": "record", "command": "SELECT"}, {"type": "heartbeat"}],
    }
    record = delivered(1, sealing.activity_record(json.dumps(content).encode()))
    record["becomes"][0]["text"] = json.dumps(content)
    return scenario(
        "database-activity-stream",
        "One record of an Aurora database activity stream: a KMS ciphertext around a raw AES key, and compressed content.",
        [record],
        RECORD_FORMAT="database-activity-stream",
        ACTIVITY_STREAM_RESOURCE_ID=CLUSTER_ID,
    )
