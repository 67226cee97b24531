"""The scenarios: each sends records, makes something happen, and reads back what arrived."""

from .all_arrive_in_order import all_arrive_in_order
from .disabled_key_waits import disabled_key_waits
from .encrypted_records_come_back import encrypted_records_come_back
from .exhausted_batches_keep_their_records import exhausted_batches_keep_their_records
from .killed_in_mid_batch import killed_in_mid_batch
from .poison_is_quarantined import poison_goes_to_the_bucket, poison_goes_to_the_queue
from .put_aside_records_come_back import given_up_records_come_back, quarantined_records_come_back
from .split_in_mid_stream import split_in_mid_stream
from .stream_sink_keeps_order import stream_sink_keeps_order
from .throttled_keys_hold_the_shard import throttled_keys_hold_the_shard

ALL = [
    all_arrive_in_order,
    poison_goes_to_the_queue,
    throttled_keys_hold_the_shard,
    disabled_key_waits,
    killed_in_mid_batch,
    split_in_mid_stream,
    stream_sink_keeps_order,
    poison_goes_to_the_bucket,
    exhausted_batches_keep_their_records,
    quarantined_records_come_back,
    given_up_records_come_back,
    encrypted_records_come_back,
]
