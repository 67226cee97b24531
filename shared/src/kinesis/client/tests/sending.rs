//! Whether a request has left when it fails or is given up.

use aws_sdk_kinesis::error::ConnectorError;
use aws_sdk_kinesis::operation::put_records::PutRecordsError as SdkPutRecordsError;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::*;
use crate::aws::caller_fault::tests::no_credentials;
use crate::aws::closed_port::ClosedPort;

/// A client that really connects, to a port of this machine where nobody listens.
fn client_of(closed: &ClosedPort, credentials: SharedCredentialsProvider) -> KinesisClient {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(credentials)
        .endpoint_url(format!("http://{}", closed.address()))
        .build();
    KinesisClient::new(&config, StreamIdentifier::parse(ARN).unwrap())
}

#[tokio::test]
async fn a_request_that_found_no_connection_was_not_sent() {
    let credentials = SharedCredentialsProvider::new(Credentials::new("id", "secret", None, None, "test"));
    let closed = ClosedPort::new();
    let client = client_of(&closed, credentials);
    let error = client.put_records(vec![entry("k", None)], &Departure::default()).await.unwrap_err();
    assert!(matches!(error, PutRecordsError::NotSent(_)), "{error:?}");
    assert!(describe(&error).contains("refused"), "{}", describe(&error));
    assert!(matches!(client.list_shards(None).await, Err(ListShardsError::Transient(_))));
}

/// What a thawed sandbox can meet too: a new connection that is never finished.
#[tokio::test]
async fn a_request_whose_connection_was_never_finished_was_not_sent() {
    // Accepts connections, as the operating system does by itself, and never says a word of TLS.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("id", "secret", None, None, "test")))
        .endpoint_url(format!("https://{}", silent.local_addr().unwrap()))
        .build();
    let client = KinesisClient::new(&config, StreamIdentifier::parse(ARN).unwrap());
    let error = client.put_records(vec![entry("k", None)], &Departure::default()).await.unwrap_err();
    assert!(matches!(error, PutRecordsError::NotSent(_)), "{error:?}");
}

#[tokio::test]
async fn a_request_without_credentials_was_not_sent() {
    let closed = ClosedPort::new();
    let client = client_of(&closed, no_credentials());
    let error = client.put_records(vec![entry("k", None)], &Departure::default()).await.unwrap_err();
    assert!(matches!(error, PutRecordsError::NotSent(_)), "{error:?}");
    assert!(describe(&error).contains("the endpoint is down"), "{}", describe(&error));
}

/// Credentials that never come.
#[derive(Debug)]
struct SlowCredentials;

impl aws_credential_types::provider::ProvideCredentials for SlowCredentials {
    fn provide_credentials<'a>(&'a self) -> aws_credential_types::provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        aws_credential_types::provider::future::ProvideCredentials::new(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_time_was_up_before_it_could_be_signed_was_not_sent() {
    let closed = ClosedPort::new();
    let client = client_of(&closed, SharedCredentialsProvider::new(SlowCredentials));
    let error = client.put_records(vec![entry("k", None)], &Departure::default()).await.unwrap_err();
    assert!(matches!(error, PutRecordsError::NotSent(_)), "{error:?}");
}

/// Gives a request up as soon as a server that never answers has read `word`.
async fn given_up_at(scheme: &str, word: &[u8]) -> Departure {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("id", "secret", None, None, "test")))
        .endpoint_url(format!("{scheme}://{}", listener.local_addr().unwrap()))
        .build();
    let client = KinesisClient::new(&config, StreamIdentifier::parse(ARN).unwrap());
    let departure = Departure::default();
    let reading = async {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        while !read.windows(word.len()).any(|part| part == word) {
            assert_ne!(connection.read_buf(&mut read).await.unwrap(), 0, "the client hung up");
        }
        connection
    };
    tokio::select! {
        answer = client.put_records(vec![entry("k", None)], &departure) => panic!("{answer:?}"),
        _connection = reading => {}
    }
    departure
}

#[tokio::test]
async fn a_request_that_is_given_up_while_it_connects_has_not_left_and_never_will() {
    let handshake = [22];
    assert!(given_up_at("https", &handshake).await.give_up());
}

#[tokio::test]
async fn a_request_that_is_given_up_on_a_connection_may_have_left() {
    let data_in_base64 = b"ZGF0YQ==";
    assert!(!given_up_at("http", data_in_base64).await.give_up());
}

/// Of a request that was on its way.
fn departed() -> Departure {
    let departure = Departure::default();
    departure.hold_back();
    assert!(departure.leave());
    departure
}

#[test]
fn a_failure_on_a_connection_leaves_the_outcome_unknown() {
    let source = || std::io::Error::from(std::io::ErrorKind::ConnectionReset).into();
    for failure in
        [ConnectorError::io(source()), ConnectorError::timeout(source()), ConnectorError::other(source(), None)]
    {
        let error = put_records_error(SdkError::<SdkPutRecordsError>::dispatch_failure(failure), &departed());
        assert!(matches!(error, PutRecordsError::OutcomeUnknown(_)), "{error:?}");
    }
    let error = put_records_error(SdkError::<SdkPutRecordsError>::timeout_error("of the attempt"), &departed());
    assert!(matches!(error, PutRecordsError::OutcomeUnknown(_)), "{error:?}");
}
