"""The AWS Encryption SDK for Python as a party to the exchange: see ../README.md for the requests."""

import base64
import functools
import json
import logging
import pathlib
import sys

import aws_encryption_sdk
from aws_encryption_sdk import CommitmentPolicy
from aws_encryption_sdk.identifiers import AlgorithmSuite, EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto import WrappingKey
from aws_encryption_sdk.key_providers.base import MasterKeyProvider, MasterKeyProviderConfig
from aws_encryption_sdk.key_providers.raw import RawMasterKey

SUITES = {f"{suite.algorithm_id:04x}": suite for suite in AlgorithmSuite}
WRAPPING = {
    16: WrappingAlgorithm.AES_128_GCM_IV12_TAG16_NO_PADDING,
    24: WrappingAlgorithm.AES_192_GCM_IV12_TAG16_NO_PADDING,
    32: WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
}
# Older suites are written only where commitment is forbidden; all of them are read.
COMMITTING = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT)
NOT_COMMITTING = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT)


def main():
    # The SDK logs a stack trace for each damaged message besides refusing it.
    logging.disable()
    for line in sys.stdin:
        try:
            request = json.loads(line)
            answer = {"done": {"write": write, "open": open_message}[request["operation"]](request)}
        except Exception as error:  # whatever the SDK refuses with is the answer
            answer = {"refused": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


def write(request):
    suite = SUITES[request["suite"]]
    client = COMMITTING if suite.is_committing() else NOT_COMMITTING
    if len(request["messages"]) == 1:
        key_source = {"key_provider": provider(request["keys"])}
    else:
        manager = aws_encryption_sdk.CachingCryptoMaterialsManager(
            master_key_provider=provider(request["keys"]),
            cache=aws_encryption_sdk.LocalCryptoMaterialsCache(capacity=1),
            max_age=3600.0,
        )
        key_source = {"materials_manager": manager}
    for plaintext, message in zip(request["plaintexts"], request["messages"], strict=True):
        source = pathlib.Path(plaintext).read_bytes()
        sealed, _ = client.encrypt(
            source=source,
            # Without its length the SDK would bypass its cache.
            source_length=len(source),
            encryption_context=request["context"],
            algorithm=suite,
            frame_length=request["frame_len"],
            **key_source,
        )
        pathlib.Path(message).write_bytes(sealed)
    return {"messages": len(request["messages"])}


def open_message(request):
    source = pathlib.Path(request["message"]).read_bytes()
    plaintext, header = COMMITTING.decrypt(source=source, key_provider=provider(request["keys"]))
    pathlib.Path(request["plaintext"]).write_bytes(plaintext)
    return {
        "suite": f"{header.algorithm.algorithm_id:04x}",
        "context": header.encryption_context,
        "encrypted_data_keys": len(header.encrypted_data_keys),
    }


def provider(keys):
    if all("kms" in key for key in keys):
        return kms_provider(tuple(key["kms"] for key in keys))
    first, *further = [raw_key(key["raw"]) for key in keys]
    if not further:
        return first
    several = SeveralKeys()
    for key in (first, *further):
        several.add_master_key_provider(key)
    return several


@functools.cache
def kms_provider(key_ids):
    """Kept, because a new client takes the SDK longer than all its messages."""
    return aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(key_ids=key_ids)


def raw_key(raw):
    secret = base64.b64decode(raw["key_base64"])
    return RawMasterKey(
        provider_id=raw["provider_id"],
        key_id=raw["name"].encode(),
        wrapping_key=WrappingKey(
            wrapping_algorithm=WRAPPING[len(secret)],
            wrapping_key=secret,
            wrapping_key_type=EncryptionKeyType.SYMMETRIC,
        ),
    )


class SeveralKeys(MasterKeyProvider):
    """Wraps the data key with each of the keys added to it."""

    provider_id = "several"
    _config_class = MasterKeyProviderConfig
    vend_masterkey_on_decrypt = False

    def _new_master_key(self, key_id):
        raise NotImplementedError


if __name__ == "__main__":
    main()
