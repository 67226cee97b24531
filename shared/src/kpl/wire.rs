//! The fields of a protobuf message, one after the other: nothing takes memory but what is asked for.

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A number.
    Varint(u64),
    /// A text, bytes, or a message.
    Bytes(&'a [u8]),
    /// Something of a kind that no field of an aggregate has.
    Other,
}

/// The bytes are not the protobuf of any message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotProtobuf;

/// The fields of `message` with their numbers, in the order in which they are written. The first error is the last item.
pub(super) fn fields(message: &[u8]) -> impl Iterator<Item = Result<(u32, Value<'_>), NotProtobuf>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let field = take_field(&mut rest).ok_or(NotProtobuf);
        if field.is_err() {
            rest = &[];
        }
        Some(field)
    })
}

fn take_field<'a>(rest: &mut &'a [u8]) -> Option<(u32, Value<'a>)> {
    let (number, wire_type) = decode_key(rest).ok()?;
    let value = match wire_type {
        WireType::Varint => Value::Varint(decode_varint(rest).ok()?),
        WireType::LengthDelimited => {
            let len = usize::try_from(decode_varint(rest).ok()?).ok()?;
            let (bytes, after) = rest.split_at_checked(len)?;
            *rest = after;
            Value::Bytes(bytes)
        }
        _ => {
            skip_field(wire_type, number, rest, DecodeContext::default()).ok()?;
            Value::Other
        }
    };
    Some((number, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_in_their_order_and_end_where_the_protobuf_does() {
        // 1: "pk"; 4: 9; 5: a fixed number of four bytes; 6: a group with field 1 in it.
        let message = [&[0x0A, 2][..], b"pk", &[0x20, 9], &[0x2D, 1, 2, 3, 4], &[0x33, 0x08, 1, 0x34]].concat();
        let whole = [(1, Value::Bytes(b"pk")), (4, Value::Varint(9)), (5, Value::Other), (6, Value::Other)];
        assert_eq!(fields(&message).collect::<Result<Vec<_>, _>>().as_deref(), Ok(&whole[..]));
        let cut = &message[..message.len() - 1];
        assert_eq!(fields(cut).last(), Some(Err(NotProtobuf)));
        assert_eq!(fields(cut).count(), 4);
        assert_eq!(fields(&[]).count(), 0);
    }

    #[test]
    fn a_length_beyond_the_end_takes_no_memory_and_is_no_protobuf() {
        let endless = [0x1A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01];
        assert_eq!(fields(&endless).next(), Some(Err(NotProtobuf)));
        assert_eq!(fields(&[0xFF]).next(), Some(Err(NotProtobuf)));
    }
}
