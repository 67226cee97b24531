"""Opens messages with the AWS Encryption SDK for Python: those that this repository writes, or any in the same form.

    cargo run --package warmkeys --example write_vectors -- FOLDER
    python -m venv venv && venv/bin/pip install -r ../vectors/requirements.txt
    venv/bin/python open_with_python.py FOLDER
"""

import base64
import json
import pathlib
import sys

import aws_encryption_sdk
from aws_encryption_sdk import CommitmentPolicy
from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKey

WRAPPING = {
    16: WrappingAlgorithm.AES_128_GCM_IV12_TAG16_NO_PADDING,
    24: WrappingAlgorithm.AES_192_GCM_IV12_TAG16_NO_PADDING,
    32: WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
}


def main(folder):
    tests = json.loads((folder / "manifest.json").read_text())
    for test in tests:
        policy = (
            CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
            if test["suite"] in ("0478", "0578")
            else CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
        )
        wrapping_key = base64.b64decode(test["wrapping_key_base64"])
        key = RawMasterKey(
            provider_id=test["provider_id"],
            key_id=test["key_name"].encode(),
            wrapping_key=WrappingKey(
                wrapping_algorithm=WRAPPING[len(wrapping_key)],
                wrapping_key=wrapping_key,
                wrapping_key_type=EncryptionKeyType.SYMMETRIC,
            ),
        )
        client = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=policy)
        plaintext, header = client.decrypt(source=(folder / test["ciphertext"]).read_bytes(), key_provider=key)
        assert plaintext == (folder / test["plaintext"]).read_bytes(), test["name"]
        assert f"{header.algorithm.algorithm_id:04x}" == test["suite"], test["name"]
    print(len(tests), "messages opened")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
