"""What is exchanged."""

import base64
import dataclasses

SUITES = ("0014", "0046", "0078", "0114", "0146", "0178", "0214", "0346", "0378", "0478", "0578")
# One of each kind: identity KDF, HKDF, signed, committing, committing and signed.
ONE_OF_EACH_KIND = ("0014", "0178", "0378", "0478", "0578")
# The suites with key commitment, the only ones that record-encryptor writes.
COMMITTING = ("0478", "0578")
# The suites whose data keys may be used for several messages.
CACHEABLE = SUITES[3:]

# The smallest that the SDK for Python writes, and the default of all implementations.
FRAME_LEN, DEFAULT_FRAME_LEN = 128, 4096
# Empty, one byte; one less than a frame, a frame, one more; an exact multiple and several frames with a short last one.
LENGTHS = (0, 1, FRAME_LEN - 1, FRAME_LEN, FRAME_LEN + 1, 2 * FRAME_LEN, 3 * FRAME_LEN + 44)
# The largest record that Kinesis takes.
LARGEST = 10 * 1024 * 1024

CONTEXT = {"purpose": "orders", "tenant": "blue"}
CONTEXTS = {
    "empty context": {},
    "an empty value": {"purpose": "orders", "empty": ""},
    # The last two keys sort one way by UTF-8 and the other way by UTF-16.
    "context not ASCII": {"é ключ 鍵": "ценность", "tenant": "бл🔑", "\ufb01": "ligature", "🔑": "key"},
    "long context": {f"key {number:03}": "v" * number for number in range(100)},
}


def raw(name, key_len=32):
    """An AES key that is nobody's secret; another name is another key."""
    secret = bytes((number + len(name)) % 256 for number in range(key_len))
    return {"raw": {"provider_id": "interoperability", "name": name, "key_base64": base64.b64encode(secret).decode()}}


def kms(number, key_id):
    return {"kms": f"arn:aws:kms:us-east-1:000000000000:key/{key_id}de7e1097{number}"}


RAW_KEY = raw("usual")
# The published development keys of the embedded KMS.
KMS_KEY = kms("-0000-4000-8000-000000000001", "")
SECOND_KMS_KEY = kms("-0000-4000-8000-000000000002", "")
MULTI_REGION_KMS_KEY = kms("000040008000000000000003", "mrk-")


@dataclasses.dataclass
class Case:
    """Messages under one data key, and who opens them. Each writer writes it for each of its readers."""

    name: str
    suite: str
    # Of each message's plaintext, in bytes.
    lengths: tuple = (300,)
    # In bytes; 0: without frames.
    frame_len: int = FRAME_LEN
    context: dict = dataclasses.field(default_factory=lambda: CONTEXT)
    # What wraps the data key.
    keys: tuple = (RAW_KEY,)
    # What a reader holds: every one of these opens the message, ...
    readers_hold: tuple = ()
    # ... and none of these does.
    others_hold: tuple = ()
    # Whether readers are also given damaged copies, each of which they have to refuse.
    damaged: bool = False

    def __post_init__(self):
        self.readers_hold = self.readers_hold or (self.keys,)


def all_cases():
    yield from lengths()
    yield from frames()
    yield from wrapping_keys()
    yield from contexts()
    yield from kms_keys()
    yield from cached_data_keys()
    yield from damages()


def lengths():
    for suite in SUITES:
        for length in LENGTHS:
            yield Case(f"{length} bytes", suite, lengths=(length,))
    for suite in ("0178", "0478", "0578"):
        yield Case("10 MiB", suite, lengths=(LARGEST,), frame_len=DEFAULT_FRAME_LEN)


def frames():
    for suite in SUITES:
        for length in (0, 1, 300):
            yield Case(f"{length} bytes, not framed", suite, lengths=(length,), frame_len=0)
        yield Case("10,000 bytes, frames of 4096", suite, lengths=(10_000,), frame_len=DEFAULT_FRAME_LEN)
    for suite in ("0178", "0478", "0578"):
        yield Case("300 bytes in one large frame", suite, frame_len=2**20)
        yield Case("10 MiB, not framed", suite, lengths=(LARGEST,), frame_len=0)


def wrapping_keys():
    others, foreign = (raw("first other", 16), raw("second other", 24)), raw("of somebody else")
    same_name = {"raw": foreign["raw"] | {"name": RAW_KEY["raw"]["name"]}}
    for suite in SUITES:
        for key_len in (16, 24, 32):
            yield Case(f"{key_len * 8}-bit wrapping key", suite, keys=(raw("sized", key_len),))
        yield Case(
            "three encrypted data keys",
            suite,
            keys=(others[0], RAW_KEY, others[1]),
            readers_hold=((others[0],), (RAW_KEY,), (others[1],), (RAW_KEY, others[1])),
            others_hold=((foreign,), (same_name,)),
        )


def contexts():
    for suite in ONE_OF_EACH_KIND:
        for name, context in CONTEXTS.items():
            yield Case(name, suite, context=context)
            yield Case(f"{name}, KMS", suite, context=context, keys=(KMS_KEY,))


def kms_keys():
    for suite in SUITES:
        yield Case("KMS", suite, keys=(KMS_KEY,), others_hold=((SECOND_KMS_KEY,),))
        yield Case("KMS, multi-Region key", suite, keys=(MULTI_REGION_KMS_KEY,))
        yield Case(
            "KMS, two keys",
            suite,
            keys=(KMS_KEY, SECOND_KMS_KEY),
            readers_hold=((KMS_KEY,), (SECOND_KMS_KEY,), (SECOND_KMS_KEY, KMS_KEY)),
            others_hold=((MULTI_REGION_KMS_KEY,),),
        )


def cached_data_keys():
    """Many messages under one data key; with KMS it is counted that there really is one."""
    for suite in CACHEABLE:
        yield Case("one data key, 20 messages", suite, lengths=tuple(range(100, 120)))
        yield Case("one data key of KMS, 20 messages", suite, lengths=tuple(range(100, 120)), keys=(KMS_KEY,))


def damages():
    for suite in ONE_OF_EACH_KIND:
        for name, key in (("raw key", RAW_KEY), ("KMS", KMS_KEY)):
            yield Case(f"damaged, {name}", suite, keys=(key,), damaged=True)


def damaged_copies(message, context):
    """Named copies of `message`, none of which is authentic."""
    value = max(context.values()).encode()
    at = message.index(value)
    yield "another encryption context", message[:at] + value[::-1] + message[at + len(value) :]
    yield "last byte missing", message[:-1]
    yield "header only", message[: len(message) // 3]
    yield "nothing", b""
    # The first and the last byte, and others at equal distances between.
    for part in range(DAMAGED_PLACES):
        at = part * (len(message) - 1) // (DAMAGED_PLACES - 1)
        yield f"byte {at} changed", message[:at] + bytes([message[at] ^ 0x01]) + message[at + 1 :]


DAMAGED_PLACES = 24
