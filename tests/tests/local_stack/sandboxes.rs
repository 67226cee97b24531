//! Sandboxes: what Lambda does to a function, done to a scripted one.

use std::num::NonZeroUsize;
use std::time::{Duration, SystemTime};

use local_stack::binaries;
use local_stack::lambda_function::{Function, FunctionSettings, Invocation, Kill, Outcome, StartFailure};
use serde_json::{Value, json};
use warmkeys::clock::{Clock, SystemClock};

fn settings() -> FunctionSettings {
    FunctionSettings::new("scripted", binaries::scripted_function().unwrap())
}

fn function(settings: FunctionSettings) -> Function {
    Function::new(settings).0
}

async fn invoke(function: &Function, event: Value) -> Invocation {
    function.invoke(event.to_string()).await
}

async fn process_of(function: &Function) -> u64 {
    let invocation = invoke(function, json!({"do": "describe"})).await;
    answer(&invocation)["process"].as_u64().unwrap()
}

fn answer(invocation: &Invocation) -> Value {
    serde_json::from_slice(invocation.response().unwrap_or_else(|| panic!("{invocation:?}"))).unwrap()
}

#[tokio::test]
async fn a_function_gets_its_event_and_its_deadline() {
    let before = SystemClock.now().wall;
    let function = function(settings());
    let invocation = function.invoke_within(json!({"do": "describe"}).to_string(), Duration::from_secs(7)).await;
    let deadline = SystemTime::UNIX_EPOCH + Duration::from_millis(answer(&invocation)["deadline"].as_u64().unwrap());
    let left = deadline.duration_since(before).unwrap();
    assert!(left > Duration::from_secs(6) && left < Duration::from_secs(20), "{left:?}");
}

#[tokio::test]
async fn a_function_inherits_nothing_from_this_process() {
    let function = function(settings().with_environment([("OWN", "1")]));
    let described = answer(&invoke(&function, json!({"do": "describe"})).await);
    let names: Vec<_> = described["variables"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(names.contains(&"OWN") && !names.contains(&"HOME") && !names.contains(&"PATH"), "{names:?}");
}

#[tokio::test]
async fn a_warm_sandbox_is_used_again() {
    let function = function(settings());
    let first = invoke(&function, json!({"do": "describe"})).await;
    let second = invoke(&function, json!({"do": "describe"})).await;
    assert_eq!((first.is_cold_start(), second.is_cold_start()), (true, false));
    assert_eq!(answer(&first)["process"], answer(&second)["process"]);
}

#[tokio::test]
async fn a_reported_error_leaves_the_sandbox_warm() {
    let function = function(settings());
    let process = process_of(&function).await;
    let failed = invoke(&function, json!({"do": "fail"})).await;
    let Outcome::Failed(report) = &failed.outcome else { panic!("{failed:?}") };
    assert!(String::from_utf8_lossy(report).contains("asked to fail"));
    assert_eq!(process_of(&function).await, process);
}

#[tokio::test]
async fn an_invocation_out_of_time_costs_the_sandbox() {
    let function = function(settings());
    let process = process_of(&function).await;
    let sleep = json!({"do": "sleep", "milliseconds": 60_000}).to_string();
    let invocation = function.invoke_within(sleep, Duration::from_millis(300)).await;
    assert!(matches!(invocation.outcome, Outcome::TimedOut));
    assert!(invocation.duration >= Duration::from_millis(300));
    assert_ne!(process_of(&function).await, process);
    assert_eq!(function.sandboxes_started(), 2);
}

#[tokio::test]
async fn a_process_that_ends_in_mid_invocation_has_crashed() {
    let function = function(settings());
    let invocation = invoke(&function, json!({"do": "exit", "status": 3})).await;
    let Outcome::Crashed(Some(status)) = invocation.outcome else { panic!("{invocation:?}") };
    assert_eq!(status.code(), Some(3));
    assert!(invoke(&function, json!({"do": "describe"})).await.is_cold_start());
}

#[tokio::test]
async fn a_sandbox_can_be_lost_in_an_invocation() {
    let kill = Kill { from_invocation: 2, after: Duration::ZERO };
    let function = function(settings().with_kill(kill));
    let event = json!({"do": "sleep", "milliseconds": 200});
    assert!(invoke(&function, event.clone()).await.response().is_some());
    assert!(matches!(invoke(&function, event.clone()).await.outcome, Outcome::Crashed(None)));
    assert!(invoke(&function, event).await.response().is_some());
}

#[tokio::test]
async fn concurrent_invocations_have_a_sandbox_each() {
    let function = function(settings());
    let event = || json!({"do": "sleep", "milliseconds": 500});
    let (first, second) = tokio::join!(invoke(&function, event()), invoke(&function, event()));
    assert!(first.is_cold_start() && second.is_cold_start());
    assert_eq!(function.sandboxes_started(), 2);
}

#[tokio::test]
async fn no_more_sandboxes_are_started_than_allowed() {
    let function = function(settings().with_max_sandboxes(NonZeroUsize::MIN));
    let event = || json!({"do": "sleep", "milliseconds": 50});
    let (first, second) = tokio::join!(invoke(&function, event()), invoke(&function, event()));
    assert!(first.response().is_some() && second.response().is_some());
    assert_eq!(function.sandboxes_started(), 1);
}

#[tokio::test]
async fn a_function_that_cannot_start_is_not_invoked() {
    let function = function(settings().with_environment([("FAIL_AT_START", "1")]));
    let invocation = invoke(&function, json!({"do": "describe"})).await;
    assert!(matches!(&invocation.outcome, Outcome::NotStarted(StartFailure::Exited(_))), "{invocation:?}");
    let missing = Function::new(FunctionSettings::new("missing", "/nonexistent/bootstrap")).0;
    let invocation = invoke(&missing, json!({})).await;
    assert!(matches!(&invocation.outcome, Outcome::NotStarted(StartFailure::Spawn(_))), "{invocation:?}");
}

#[tokio::test]
async fn every_line_is_read_before_the_output_ends() {
    let (function, output) = Function::new(settings());
    let data = |text: &str| base64_simd::STANDARD.encode_to_string(text);
    let records: Vec<_> = (0..500)
        .map(|number| json!({"kinesis": {"sequenceNumber": number.to_string(), "data": data(&format!("line {number}"))}}))
        .collect();
    invoke(&function, json!({"Records": records})).await;
    function.shut_down().await;
    let lines: Vec<_> = output.collect().await.into_iter().map(|line| line.text).collect();
    assert_eq!(lines, (0..500).map(|number| format!("line {number}")).collect::<Vec<_>>());
}
