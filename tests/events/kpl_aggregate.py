"""Aggregates of the Kinesis Producer Library.

https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
"""

import hashlib


def aggregate(members):
    """An aggregate of (partition key, explicit hash key or None, data)."""
    hash_keys = [hash_key for _, hash_key, _ in members if hash_key is not None]
    body = b"".join(field(1, key.encode()) for key, _, _ in members)
    body += b"".join(field(2, hash_key.encode()) for hash_key in hash_keys)
    for index, (_, hash_key, data) in enumerate(members):
        record = varint_field(1, index)
        if hash_key is not None:
            record += varint_field(2, hash_keys.index(hash_key))
        body += field(3, record + field(3, data))
    return b"\xf3\x89\x9a\xc2" + body + hashlib.md5(body).digest()


def field(number, content):
    """A length-delimited field of a protocol buffer."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint_field(number, value):
    """An integer field of a protocol buffer."""
    return varint(number << 3) + varint(value)


def varint(value):
    """An integer, seven bits a byte, the lowest first."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
