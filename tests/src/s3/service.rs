//! From an HTTP request to its answer.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use crate::loopback_server::{AnswerRequest, Reply};
use crate::unpoisoned::lock;

/// The objects of one page of a list: fewer than the service's 1,000, so that there are several.
const PAGE: usize = 5;

type Objects = BTreeMap<String, Bytes>;

/// Answers the S3 protocol for some buckets.
#[derive(Debug)]
pub(super) struct S3Service {
    /// Guards the buckets, by name; never held across an await.
    buckets: Mutex<BTreeMap<String, Objects>>,
    is_denied: AtomicBool,
}

impl S3Service {
    pub(super) fn new(buckets: &[&str]) -> Self {
        let buckets = buckets.iter().map(|name| ((*name).to_owned(), Objects::new())).collect();
        Self { buckets: Mutex::new(buckets), is_denied: AtomicBool::new(false) }
    }

    pub(super) fn put(&self, bucket: &str, key: &str, content: Bytes) {
        if let Some(objects) = lock(&self.buckets).get_mut(bucket) {
            objects.insert(key.to_owned(), content);
        }
    }

    pub(super) fn keys(&self, bucket: &str) -> Vec<String> {
        lock(&self.buckets).get(bucket).map(|objects| objects.keys().cloned().collect()).unwrap_or_default()
    }

    pub(super) fn deny(&self) {
        self.is_denied.store(true, Ordering::Relaxed);
    }

    fn carry_out(&self, request: &Request<Bytes>) -> Reply {
        let path = request.uri().path().trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let key = decoded(key);
        let mut buckets = lock(&self.buckets);
        let Some(objects) = buckets.get_mut(bucket) else {
            return error(StatusCode::NOT_FOUND, "NoSuchBucket", "The specified bucket does not exist");
        };
        match *request.method() {
            Method::GET if key.is_empty() => xml(StatusCode::OK, &list(bucket, objects, request.uri().query())),
            Method::GET => match objects.get(&key) {
                Some(content) => Reply::Response(Response::new(content.clone())),
                None => error(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist."),
            },
            Method::PUT => {
                objects.insert(key, request.body().clone());
                Reply::Response(Response::new(Bytes::new()))
            }
            // "If the object doesn't exist, Amazon S3 … still responds that the command was successful."
            Method::DELETE => {
                objects.remove(&key);
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = StatusCode::NO_CONTENT;
                Reply::Response(response)
            }
            _ => error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "this method is not embedded"),
        }
    }
}

impl AnswerRequest for S3Service {
    async fn answer(&self, request: Request<Bytes>) -> Reply {
        if self.is_denied.load(Ordering::Relaxed) {
            return error(
                StatusCode::FORBIDDEN,
                "AccessDenied",
                "User: arn:aws:iam::000000000000:user/local is not authorized",
            );
        }
        self.carry_out(&request)
    }
}

/// `ListObjectsV2`: the keys in their order, from the one behind the token on, which is the last of the page before.
fn list(bucket: &str, objects: &Objects, query: Option<&str>) -> String {
    let parameters: BTreeMap<&str, String> = query
        .unwrap_or_default()
        .split('&')
        .filter_map(|parameter| parameter.split_once('='))
        .map(|(name, value)| (name, decoded(value)))
        .collect();
    let parameter = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
    let (prefix, after) = (parameter("prefix"), parameter("continuation-token"));
    let matching = || objects.iter().filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after);
    let page: Vec<_> = matching().take(PAGE).collect();
    let is_truncated = matching().count() > page.len();
    let contents: String = page
        .iter()
        .map(|(key, content)| format!("<Contents><Key>{}</Key><Size>{}</Size></Contents>", escaped(key), content.len()))
        .collect();
    let next = match page.last().filter(|_| is_truncated) {
        Some((key, _)) => format!("<NextContinuationToken>{}</NextContinuationToken>", escaped(key)),
        None => String::new(),
    };
    format!(
        "<ListBucketResult><Name>{bucket}</Name><Prefix>{}</Prefix><KeyCount>{}</KeyCount>\
         <IsTruncated>{is_truncated}</IsTruncated>{next}{contents}</ListBucketResult>",
        escaped(prefix),
        page.len()
    )
}

fn error(status: StatusCode, code: &str, message: &str) -> Reply {
    xml(status, &format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
}

fn xml(status: StatusCode, body: &str) -> Reply {
    let mut response = Response::new(Bytes::from(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    Reply::Response(response)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text whose odd bytes are written as `%41`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_page_by_page() {
        let objects: Objects = (0..7).map(|number| (format!("a/{number}"), Bytes::from("x"))).collect();
        let first = list("bucket", &objects, Some("list-type=2&prefix=a%2F"));
        assert!(first.contains("<Key>a/4</Key>") && !first.contains("<Key>a/5</Key>"), "{first}");
        assert!(first.contains("<NextContinuationToken>a/4</NextContinuationToken>"), "{first}");
        let second = list("bucket", &objects, Some("prefix=a%2F&continuation-token=a%2F4"));
        assert!(second.contains("<IsTruncated>false</IsTruncated>") && second.contains("<Key>a/5</Key>"), "{second}");
        assert!(!list("bucket", &objects, Some("prefix=b")).contains("<Key>"));
    }
}
