"""Writes this folder's vectors with the AWS Encryption SDK for Python, which shares no code with this repository.

    python -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python generate.py

`manifest.json` lists messages in the form of awslabs' aws-encryption-sdk-test-vectors, flattened. Positive ones open to
their plaintext. Negative ones are refused, with the error named.
"""

import base64
import json
import pathlib
import shutil
from unittest import mock

import aws_encryption_sdk
from aws_encryption_sdk import CommitmentPolicy, streaming_client
from aws_encryption_sdk.identifiers import AlgorithmSuite, EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto import WrappingKey
from aws_encryption_sdk.key_providers.base import MasterKeyProvider, MasterKeyProviderConfig
from aws_encryption_sdk.key_providers.raw import RawMasterKey

HERE = pathlib.Path(__file__).parent
PROVIDER_ID = "warmkeys-vectors"
WRAPPING = {
    16: WrappingAlgorithm.AES_128_GCM_IV12_TAG16_NO_PADDING,
    24: WrappingAlgorithm.AES_192_GCM_IV12_TAG16_NO_PADDING,
    32: WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
}
# The smallest that the SDK writes.
FRAME_LEN = 128
# Three frames: two regular ones and a final one of 44 bytes.
PLAINTEXT_LEN = 2 * FRAME_LEN + 44
# What a frame adds to its content: sequence number, IV and tag; the final one also its mark and its length.
FRAME_OVERHEAD, FINAL_FRAME_OVERHEAD = 4 + 12 + 16, 4 + 4 + 12 + 4 + 16
CONTEXT = {"purpose": "vectors", "é ключ 鍵 🔑": "ценность", "empty": "", "": "the empty key"}
SUITES = {suite.algorithm_id: suite for suite in AlgorithmSuite}

tests = []


def main():
    for folder in ("ciphertexts", "plaintexts"):
        shutil.rmtree(HERE / folder, ignore_errors=True)
        (HERE / folder).mkdir()
    for suite_id in sorted(SUITES):
        for frame_len in (FRAME_LEN, 0):
            # Empty; one byte more and less than a frame; exact multiples; several frames.
            for plaintext_len in (0, 127, 128, 129, 256, PLAINTEXT_LEN) if frame_len else (0, 1, PLAINTEXT_LEN):
                positive(suite_id, frame_len, plaintext_len)
    positive(0x0478, 4096, 10_000, note="default frame length")
    for suite_id in (0x0178, 0x0478, 0x0578):
        for key_len in sorted(WRAPPING):
            positive(suite_id, FRAME_LEN, PLAINTEXT_LEN, key_len=key_len, note=f"{key_len * 8}-bit wrapping key")
        positive(suite_id, FRAME_LEN, PLAINTEXT_LEN, context=CONTEXT, note="context not ASCII, with empty key and value")
        positive(suite_id, FRAME_LEN, PLAINTEXT_LEN, others=True, note="three encrypted data keys, the second is ours")
    for suite_id in (0x0014, 0x0378, 0x0478, 0x0578):
        required_context(suite_id)
        negatives(suite_id)
    with (HERE / "manifest.json").open("w") as manifest:
        json.dump(tests, manifest, indent=1, ensure_ascii=False)
        manifest.write("\n")
    print(len(tests), "vectors")


def positive(suite_id, frame_len, plaintext_len, note="", **options):
    plaintext = plaintext_of(plaintext_len)
    framing = f"frames of {frame_len}" if frame_len else "non-framed"
    name = ", ".join(filter(None, (f"{suite_id:04x}", framing, f"{plaintext_len} bytes", note)))
    add(name, suite_id, encrypt(suite_id, plaintext, frame_len, **options), plaintext, **options)


def required_context(suite_id):
    """A pair that is authenticated but not stored. Only the library that the SDK shares with other languages has this."""
    from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
    from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
    from aws_cryptographic_material_providers.mpl.models import (
        AesWrappingAlg,
        CreateDefaultCryptographicMaterialsManagerInput,
        CreateRawAesKeyringInput,
        CreateRequiredEncryptionContextCMMInput,
    )

    library = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
    keyring = library.create_raw_aes_keyring(
        CreateRawAesKeyringInput(
            key_namespace=PROVIDER_ID,
            key_name=key_name(32),
            wrapping_key=wrapping_key(32),
            wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
        )
    )
    manager = library.create_required_encryption_context_cmm(
        CreateRequiredEncryptionContextCMMInput(
            underlying_cmm=library.create_default_cryptographic_materials_manager(
                CreateDefaultCryptographicMaterialsManagerInput(keyring=keyring)
            ),
            required_encryption_context_keys=["tenant", "région"],
        )
    )
    reproduced = {"tenant": "anything", "région": "île"}
    plaintext = plaintext_of(PLAINTEXT_LEN)
    message, _ = client(suite_id).encrypt(
        source=plaintext,
        materials_manager=manager,
        encryption_context={**reproduced, "stored": "yes"},
        algorithm=SUITES[suite_id],
        frame_length=FRAME_LEN,
    )
    name = f"{suite_id:04x}, required encryption context"
    add(name, suite_id, message, plaintext, reproduced=reproduced)
    add(name + ", reproduced with a stored pair too", suite_id, message, plaintext, reproduced={**reproduced, "stored": "yes"})
    add(name + ", not reproduced", suite_id, message, reproduced={"tenant": "anything"}, error="DataKeyAuthentication")


def negatives(suite_id):
    message = encrypt(suite_id, plaintext_of(PLAINTEXT_LEN), FRAME_LEN)
    add(f"{suite_id:04x}, last byte missing", suite_id, message[:-1], error="Truncated")
    add(f"{suite_id:04x}, a byte too many", suite_id, message + b"\0", error="TrailingBytes")
    signature_len = len(message) - body_end(message, suite_id)
    body_len = PLAINTEXT_LEN + 2 * FRAME_OVERHEAD + FINAL_FRAME_OVERHEAD
    body_start = len(message) - signature_len - body_len
    add(f"{suite_id:04x}, header tag changed", suite_id, flip(message, body_start - 1), error="HeaderAuthentication")
    add(f"{suite_id:04x}, first frame changed", suite_id, flip(message, body_start + 16), error="BodyAuthentication")
    add(f"{suite_id:04x}, last tag changed", suite_id, flip(message, body_start + body_len - 1), error="BodyAuthentication")
    first, second = body_start, body_start + FRAME_LEN + FRAME_OVERHEAD
    third = second + FRAME_LEN + FRAME_OVERHEAD
    swapped = message[:first] + message[second:third] + message[first:second] + message[third:]
    add(f"{suite_id:04x}, frames swapped", suite_id, swapped, error="FrameOutOfSequence")
    if signature_len:
        add(f"{suite_id:04x}, signature changed", suite_id, flip(message, len(message) - 1), error="SignatureInvalid")
        other = encrypt(suite_id, plaintext_of(PLAINTEXT_LEN), FRAME_LEN)
        foreign = message[:-signature_len] + other[body_end(other, suite_id) :]
        add(f"{suite_id:04x}, signature of another message", suite_id, foreign, error="SignatureInvalid")
    if suite_id in (0x0478, 0x0578):
        # Everything fits together but the commitment.
        with mock.patch.object(streaming_client, "calculate_commitment_key", return_value=bytes(32)):
            message = encrypt(suite_id, plaintext_of(PLAINTEXT_LEN), FRAME_LEN)
        add(f"{suite_id:04x}, commitment to another key", suite_id, message, error="CommitmentMismatch")


def body_end(message, suite_id):
    """Where the footer begins: found from the end, by the length before it."""
    if suite_id in (0x0378, 0x0578):
        for length in range(90, 112):
            start = len(message) - length
            if message[start - 2 : start] == length.to_bytes(2, "big") and message[start] == 0x30:
                return start - 2
        raise ValueError("no footer")
    return len(message)


def flip(message, at):
    return message[:at] + bytes([message[at] ^ 0x01]) + message[at + 1 :]


def client(suite_id):
    commits = suite_id in (0x0478, 0x0578)
    policy = CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT if commits else CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
    return aws_encryption_sdk.EncryptionSDKClient(commitment_policy=policy)


def encrypt(suite_id, plaintext, frame_len, key_len=32, context=None, others=False):
    provider = master_key(key_len)
    if others:
        provider = SeveralKeys()
        for key in (master_key(32, "first other"), master_key(key_len), master_key(16, "second other")):
            provider.add_master_key_provider(key)
    message, _ = client(suite_id).encrypt(
        source=plaintext,
        key_provider=provider,
        encryption_context={"stream": "orders", "tenant": "7"} if context is None else context,
        algorithm=SUITES[suite_id],
        frame_length=frame_len,
    )
    return message


class SeveralKeys(MasterKeyProvider):
    """Wraps the data key with each of the keys added to it."""

    provider_id = PROVIDER_ID
    _config_class = MasterKeyProviderConfig
    vend_masterkey_on_decrypt = False

    def _new_master_key(self, key_id):
        raise NotImplementedError


def master_key(key_len, name=None):
    return RawMasterKey(
        provider_id=PROVIDER_ID,
        key_id=(name or key_name(key_len)).encode(),
        wrapping_key=WrappingKey(
            wrapping_algorithm=WRAPPING[key_len],
            wrapping_key=wrapping_key(key_len),
            wrapping_key_type=EncryptionKeyType.SYMMETRIC,
        ),
    )


def key_name(key_len):
    return f"aes-{key_len * 8}"


def wrapping_key(key_len):
    return bytes(range(key_len))


def plaintext_of(length):
    return bytes(i * 7 % 251 for i in range(length))


def add(name, suite_id, message, plaintext=None, reproduced=None, error=None, key_len=32, **_):
    ciphertext = f"ciphertexts/{len(tests):03}"
    (HERE / ciphertext).write_bytes(message)
    test = {
        "name": name,
        "suite": f"{suite_id:04x}",
        "provider_id": PROVIDER_ID,
        "key_name": key_name(key_len),
        "wrapping_key_base64": base64.b64encode(wrapping_key(key_len)).decode(),
        "ciphertext": ciphertext,
        "reproduced_encryption_context": reproduced or {},
        "type": "negative-esdk" if error else "positive-esdk",
    }
    if error:
        test["error"] = error
    else:
        test["plaintext"] = f"plaintexts/{len(plaintext)}"
        (HERE / test["plaintext"]).write_bytes(plaintext)
    tests.append(test)


if __name__ == "__main__":
    main()
