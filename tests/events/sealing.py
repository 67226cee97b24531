"""What producers do: messages of the AWS Encryption SDK, KMS ciphertexts, database activity streams."""

import base64
import json
import zlib

import aws_encryption_sdk
import boto3
from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKey

# The published development keys of the embedded KMS.
KEY = "arn:aws:kms:us-east-1:000000000000:key/de7e1097-0000-4000-8000-000000000001"
SECOND_KEY = "arn:aws:kms:us-east-1:000000000000:key/de7e1097-0000-4000-8000-000000000002"
MULTI_REGION_KEY = "arn:aws:kms:us-east-1:000000000000:key/mrk-de7e1097000040008000000000000003"
# Ids of algorithm suites.
COMMITTING, SIGNED, NOT_COMMITTING = 0x0478, 0x0578, 0x0178

# The encryption context of every message.
CONTEXT = {"purpose": "orders", "tenant": "blue"}

# The cluster that the activity stream pretends to come from.
CLUSTER_ID = "cluster-WARMKEYSDEVELOPMENT"


class Sealing:
    """Seals with the AWS SDKs, against the KMS that the environment leads to."""

    def __init__(self):
        self.kms = boto3.client("kms")
        self.client = aws_encryption_sdk.EncryptionSDKClient(
            commitment_policy=aws_encryption_sdk.CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT
        )
        self.client_without_commitment = aws_encryption_sdk.EncryptionSDKClient(
            commitment_policy=aws_encryption_sdk.CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
        )

    def one_data_key(self, keys=None, suite=COMMITTING):
        """Seals under one data key, which is wrapped by each of `keys`."""
        provider = aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(key_ids=keys or [KEY])
        cache = aws_encryption_sdk.LocalCryptoMaterialsCache(capacity=1)
        manager = aws_encryption_sdk.CachingCryptoMaterialsManager(master_key_provider=provider, cache=cache, max_age=3600.0)
        return DataKey(self, manager, suite)

    def seal(self, plaintext, suite, **arguments):
        """A message in `suite`."""
        client = self.client_without_commitment if suite == NOT_COMMITTING else self.client
        algorithm = aws_encryption_sdk.Algorithm.get_by_id(suite)
        message, _ = client.encrypt(source=plaintext, algorithm=algorithm, **arguments)
        return message

    def kms_ciphertext(self, plaintext):
        """What `Encrypt` returns."""
        return self.kms.encrypt(KeyId=KEY, Plaintext=plaintext)["CiphertextBlob"]

    def activity_record(self, content):
        """A record as Aurora PostgreSQL writes it.

        https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/DBActivityStreams.Monitoring.html
        """
        context = {"aws:rds:dbc-id": CLUSTER_ID}
        outer = self.kms.generate_data_key(KeyId=KEY, KeySpec="AES_256", EncryptionContext=context)
        compressed = zlib.compress(content)
        message = self.seal(compressed, NOT_COMMITTING, key_provider=self.raw_key(outer["Plaintext"]))
        record = {
            "type": "DatabaseActivityMonitoringRecords",
            "version": "1.1",
            "databaseActivityEvents": base64.b64encode(message).decode(),
            "key": base64.b64encode(outer["CiphertextBlob"]).decode(),
        }
        return json.dumps(record).encode()

    def raw_key(self, secret):
        """A raw AES key under the provider and the name that RDS uses."""
        wrapping_key = WrappingKey(
            wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
            wrapping_key=secret,
            wrapping_key_type=EncryptionKeyType.SYMMETRIC,
        )
        return RawMasterKey(provider_id="BC", key_id="DataKey", wrapping_key=wrapping_key)


class DataKey:
    """Seals messages under one data key."""

    def __init__(self, sealing, manager, suite):
        self.sealing = sealing
        self.manager = manager
        self.suite = suite

    def seal(self, plaintext):
        """A message with the usual encryption context. Its length is told, or the SDK would bypass its cache."""
        return self.sealing.seal(
            plaintext,
            self.suite,
            materials_manager=self.manager,
            encryption_context=CONTEXT,
            source_length=len(plaintext),
        )
