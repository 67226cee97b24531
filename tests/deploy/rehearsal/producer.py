"""Encrypts with the AWS Encryption SDK for Python and writes to a stream: what a stranger's producer does."""

import itertools
import json
from dataclasses import dataclass

import aws_encryption_sdk
from aws_encryption_sdk import CommitmentPolicy
from aws_encryption_sdk.caches.local import LocalCryptoMaterialsCache
from aws_encryption_sdk.key_providers.kms import StrictAwsKmsMasterKeyProvider
from aws_encryption_sdk.materials_managers.caching import CachingCryptoMaterialsManager

from .failure import StepFailed

_PUT_RECORDS_LIMIT = 500

# What no log may hold.
MARKER = "warmkeys-rehearsal-plaintext"

_runs = itertools.count()


@dataclass(frozen=True)
class Plaintext:
    """A record in clear. `ordinal` counts up within its partition key."""

    run: int
    partition_key: str
    ordinal: int

    def encode(self) -> bytes:
        return json.dumps({"marker": MARKER, **self.__dict__}).encode()

    @staticmethod
    def decode(plaintext: bytes) -> "Plaintext | None":
        """`None` if it is not one of ours."""
        try:
            fields = json.loads(plaintext)
            return Plaintext(fields["run"], fields["partition_key"], fields["ordinal"])
        except (ValueError, KeyError, TypeError):
            return None


class Producer:
    """Writes to one stream. Every `records_per_data_key` records it asks KMS for a new data key."""

    def __init__(self, kinesis, stream_arn: str, key_arn: str, context: dict[str, str]):
        self._kinesis = kinesis
        self._stream_arn = stream_arn
        self._key_arn = key_arn
        self._context = context

    def with_context(self, context: dict[str, str]) -> "Producer":
        """The same producer, with another encryption context."""
        return Producer(self._kinesis, self._stream_arn, self._key_arn, context)

    def plaintexts(self, count: int, partition_keys: int = 8) -> list[Plaintext]:
        """`count` new records, spread over partition keys."""
        run = next(_runs)
        return [Plaintext(run, f"device-{i % partition_keys}", i // partition_keys) for i in range(count)]

    def encrypt(
        self, plaintexts: list[Plaintext], records_per_data_key: int = 20, key_arn: str | None = None
    ) -> list[tuple[str, bytes]]:
        """The messages, each with its partition key."""
        sdk = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
        materials = CachingCryptoMaterialsManager(
            master_key_provider=StrictAwsKmsMasterKeyProvider(key_ids=[key_arn or self._key_arn]),
            cache=LocalCryptoMaterialsCache(capacity=10),
            max_age=600.0,
            max_messages_encrypted=records_per_data_key,
        )

        def encrypt(plaintext: Plaintext) -> bytes:
            message, _header = sdk.encrypt(
                source=plaintext.encode(), materials_manager=materials, encryption_context=self._context
            )
            return message

        return [(plaintext.partition_key, encrypt(plaintext)) for plaintext in plaintexts]

    def put(self, payloads: list[tuple[str, bytes]]) -> None:
        """Writes the payloads in their order."""
        for batch in itertools.batched(payloads, _PUT_RECORDS_LIMIT, strict=False):
            response = self._kinesis.put_records(
                StreamARN=self._stream_arn,
                Records=[{"PartitionKey": key, "Data": data} for key, data in batch],
            )
            if response["FailedRecordCount"]:
                raise StepFailed("the emulator's Kinesis refused records")

    def send(self, plaintexts: list[Plaintext], records_per_data_key: int = 20) -> None:
        """Encrypts and writes."""
        self.put(self.encrypt(plaintexts, records_per_data_key))


def distinct_data_keys(count: int, records_per_data_key: int) -> int:
    """How many data keys `count` records in one go take."""
    return -(-count // records_per_data_key)
