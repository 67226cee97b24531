//! What is told when a part of the function panics.

use warmkeys::batch::BatchSettings;
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::data_keys::{DataKeyError, DecryptionMaterials, DecryptionRequest};
use warmkeys::decryptor::{Decryptor, DecryptorSettings};
use warmkeys::quarantine::StderrQuarantine;
use warmkeys::record_format::{EncryptionSdkFormat, RecordFormat};
use warmkeys::retry::Deadline;
use warmkeys::sinks::StdoutSink;

use super::*;

/// Panics, with words that nobody is to read.
struct PanickingDataKeys;

impl DecryptDataKey for PanickingDataKeys {
    async fn decrypt_data_key(&self, _: &DecryptionRequest, _: Deadline) -> Result<DecryptionMaterials, DataKeyError> {
        panic!("secret")
    }
}

#[tokio::test]
async fn a_panic_fails_the_invocation_without_its_words() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let processor = BatchProcessor {
        decryptor: Decryptor {
            data_keys: PanickingDataKeys,
            format: Arc::new(RecordFormat::EncryptionSdk(EncryptionSdkFormat::default())),
            clock: Arc::clone(&clock),
            settings: DecryptorSettings::default(),
        },
        sink: StdoutSink::new(Arc::clone(&clock)),
        quarantine: StderrQuarantine::new(Arc::clone(&clock)),
        settings: BatchSettings::default(),
        clock,
    };
    let function = StreamDecryptor::new(processor, Duration::from_secs(20));
    for _invocation in 0..2 {
        let event = include_str!("../../../events/poison-record.json").into();
        let invocation = Invocation { request_id: "1".to_owned(), deadline_epoch_millis: 0, event };
        let error = function.handle(invocation).await.unwrap_err();
        assert_eq!(error, HandlerError::Panicked(HandlerPanicked));
        let told = format!("{error} {error:?} {:?}", InvocationError::from(error.clone()));
        assert!(told.contains("HandlerPanicked") && !told.contains("secret"), "{told}");
    }
}
