//! The Invoke API over a scripted function, as curl and `cargo lambda invoke` meet it.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use local_stack::binaries;
use local_stack::lambda_function::{EndedInvocation, Function, FunctionSettings, InvokeApi};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::http::{Answer, answer, post};

async fn served(settings: FunctionSettings) -> (InvokeApi, UnboundedReceiver<EndedInvocation>) {
    let (function, _) = Function::new(settings);
    InvokeApi::start("127.0.0.1:0".parse().unwrap(), [("scripted".to_owned(), function)]).await.unwrap()
}

fn settings() -> FunctionSettings {
    FunctionSettings::new("scripted", binaries::scripted_function().unwrap())
}

async fn invoke(api: &InvokeApi, event: Value) -> Answer {
    post(&api.invocation_url("scripted"), event.to_string()).await
}

#[tokio::test]
async fn a_posted_event_is_answered_with_the_functions_response() {
    let (api, mut ended) = served(settings()).await;
    let answer = invoke(&api, json!({"do": "answer", "body": {"batchItemFailures": []}})).await;
    assert_eq!((answer.status, answer.function_error), (200, None));
    assert_eq!(answer.body, json!({"batchItemFailures": []}));
    let ended = ended.recv().await.unwrap();
    assert_eq!(ended.function, "scripted");
    assert!(ended.invocation.is_cold_start());
}

#[tokio::test]
async fn a_functions_error_is_told_with_its_own_words() {
    let (api, _ended) = served(settings()).await;
    let answer = invoke(&api, json!({"do": "fail"})).await;
    assert_eq!((answer.status, answer.function_error.as_deref()), (500, Some("Unhandled")));
    assert_eq!(answer.body["errorMessage"], "asked to fail");
}

#[tokio::test]
async fn a_function_out_of_time_and_one_that_ended_are_told_as_lambda_does() {
    let (api, _ended) = served(settings().with_timeout(Duration::from_millis(300))).await;
    let late = invoke(&api, json!({"do": "sleep", "milliseconds": 60_000})).await;
    assert_eq!((late.status, late.body["errorType"].as_str()), (500, Some("Sandbox.Timedout")));
    assert!(late.body["errorMessage"].as_str().unwrap().contains("Task timed out after"), "{late:?}");
    let ended = invoke(&api, json!({"do": "exit", "status": 3})).await;
    assert_eq!((ended.status, ended.body["errorType"].as_str()), (500, Some("Runtime.ExitError")));
    assert!(ended.body["errorMessage"].as_str().unwrap().contains("exit status: 3"), "{ended:?}");
}

#[tokio::test]
async fn an_unknown_function_and_an_unknown_path_are_told_what_there_is() {
    let (api, _ended) = served(settings()).await;
    let unknown = post(&api.invocation_url("nobody"), "{}").await;
    assert_eq!((unknown.status, unknown.body["errorType"].as_str()), (404, Some("ResourceNotFoundException")));
    assert_eq!(unknown.body["errorMessage"], "there is no function nobody; there are: scripted");
    let elsewhere = post(&format!("http://{}/", api.address()), "{}").await;
    assert_eq!(elsewhere.status, 404);
    assert!(elsewhere.body["errorMessage"].as_str().unwrap().contains("/2015-03-31/functions/NAME/invocations"));
}

#[tokio::test]
async fn an_invocation_type_that_is_not_served_is_refused() {
    let (api, _ended) = served(settings()).await;
    let request = Request::post(api.invocation_url("scripted")).header("x-amz-invocation-type", "Event");
    assert_eq!(answer(request.body(Full::new(Bytes::from("{}"))).unwrap()).await.status, 400);
}

#[tokio::test]
async fn an_invocation_goes_on_when_its_client_hangs_up() {
    let (api, mut ended) = served(settings()).await;
    let url = api.invocation_url("scripted");
    let impatient = post(&url, json!({"do": "sleep", "milliseconds": 1_000}).to_string());
    assert!(tokio::time::timeout(Duration::from_millis(300), impatient).await.is_err());
    assert!(ended.recv().await.unwrap().invocation.response().is_some());
}

#[tokio::test]
async fn stopping_ends_an_invocation_that_is_under_way() {
    let (api, mut ended) = served(settings()).await;
    let url = api.invocation_url("scripted");
    let waiting =
        tokio::spawn(async move { post(&url, json!({"do": "sleep", "milliseconds": 600_000}).to_string()).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    api.stop().await;
    assert!(waiting.await.is_err(), "the connection was closed unanswered");
    assert!(ended.recv().await.is_none());
}
