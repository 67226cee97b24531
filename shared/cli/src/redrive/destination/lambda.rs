//! One operation of Lambda, `Invoke`, signed and sent without that service's SDK, which is the largest crate of all.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_types::service_config::ServiceConfigKey;
use warmkeys::clock::{Clock, SystemClock};
use warmkeys::failure::describe;

use super::DestinationError;
use crate::redrive::aws_failure::{AwsFailure, Fault, one_line};

/// Invokes one function, and waits for its answer.
#[derive(Debug)]
pub(super) struct LambdaClient {
    connector: Connector,
    credentials: SharedCredentialsProvider,
    region: String,
    url: String,
    function: String,
}

/// What a function answered.
#[derive(Debug)]
pub(super) enum Answer {
    Responded(Vec<u8>),
    /// It, or Lambda in its place, reports an error.
    Failed(Vec<u8>),
    /// Lambda does not take so large an event.
    TooLarge,
}

/// A function has at most 15 minutes, and Lambda needs a moment more to say so.
const READ_TIMEOUT: Duration = Duration::from_secs(16 * 60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

impl LambdaClient {
    pub(super) fn new(sdk: &SdkConfig, function: &str) -> Result<Self, DestinationError> {
        let unfit = |what: &str| DestinationError::Unfit(what.to_owned());
        let region = match function.split(':').collect::<Vec<_>>().as_slice() {
            ["arn", _, "lambda", region, _, "function", ..] => (*region).to_owned(),
            ["arn", ..] => return Err(unfit("--through is an ARN, but not of a Lambda function")),
            _ => sdk.region().map(ToString::to_string).unwrap_or_default(),
        };
        let timeouts = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT);
        let connector = Connector::builder()
            .connector_settings(timeouts.build())
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .build();
        let credentials = sdk.credentials_provider().ok_or_else(|| unfit("there is no source of AWS credentials"))?;
        let endpoint = endpoint(sdk, &region);
        let url = format!("{}/2015-03-31/functions/{}/invocations", endpoint.trim_end_matches('/'), encoded(function));
        Ok(Self { connector, credentials, region, url, function: function.to_owned() })
    }

    /// Invokes the function with `event`.
    pub(super) async fn invoke(&self, event: Vec<u8>) -> Result<Answer, AwsFailure> {
        let request = self.signed(event).await?;
        let answer = self.connector.call(request).await;
        let answer = answer.map_err(|error| self.failure(Fault::Unavailable, &describe(&error)))?;
        let (status, is_error) = (answer.status().as_u16(), answer.headers().get("x-amz-function-error").is_some());
        let code = code(&answer);
        let body = ByteStream::new(answer.into_body()).collect().await;
        let body = body.map_err(|error| self.failure(Fault::Unavailable, &describe(&error)))?.into_bytes().to_vec();
        match status {
            _ if is_error => Ok(Answer::Failed(body)),
            200 => Ok(Answer::Responded(body)),
            413 => Ok(Answer::TooLarge),
            _ => {
                let message: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
                let message = message.get("message").or(message.get("Message")).and_then(|text| text.as_str());
                let detail = format!("{status} {code} {}", message.unwrap_or_default());
                Err(self.failure(Fault::of(&code, status), &detail))
            }
        }
    }

    async fn signed(&self, event: Vec<u8>) -> Result<HttpRequest, AwsFailure> {
        let credentials = self.credentials.provide_credentials().await;
        let identity: Identity =
            credentials.map_err(|error| self.failure(Fault::Credentials, &describe(&error)))?.into();
        let refused = |error: &(dyn std::error::Error + 'static)| self.failure(Fault::Refused, &describe(error));
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("lambda")
            .time(SystemClock.now().wall)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| refused(&error))?
            .into();
        let headers = [("content-type", "application/json"), ("x-amz-invocation-type", "RequestResponse")];
        let signable = SignableRequest::new("POST", &self.url, headers.into_iter(), SignableBody::Bytes(&event))
            .map_err(|error| refused(&error))?;
        let (instructions, _signature) = sign(signable, &params).map_err(|error| refused(&error))?.into_parts();
        let mut request = http::Request::builder().method(http::Method::POST).uri(&self.url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request.body(SdkBody::from(event)).map_err(|error| refused(&error))?;
        instructions.apply_to_request_http1x(&mut request);
        HttpRequest::try_from(request).map_err(|error| refused(&error))
    }

    fn failure(&self, fault: Fault, detail: &str) -> AwsFailure {
        AwsFailure { action: format!("cannot invoke {}", self.function), fault, detail: one_line(detail) }
    }
}

/// The error's code, which stands in a header, perhaps with a URL behind it.
fn code(answer: &HttpResponse) -> String {
    let header = answer.headers().get("x-amzn-errortype").unwrap_or_default();
    header.split(':').next().unwrap_or_default().to_owned()
}

/// Where the service is: as the environment or the profile says, as for the services that have their SDK here.
fn endpoint(sdk: &SdkConfig, region: &str) -> String {
    let key = ServiceConfigKey::builder().service_id("Lambda").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let configured = key.ok().and_then(|key| sdk.service_config()?.load_config(key));
    if let Some(url) = configured.or_else(|| sdk.endpoint_url().map(str::to_owned)) {
        return url;
    }
    let service = if sdk.use_fips() == Some(true) { "lambda-fips" } else { "lambda" };
    let suffix = match region.split('-').next() {
        Some("cn") => "amazonaws.com.cn",
        _ => "amazonaws.com",
    };
    format!("https://{service}.{region}.{suffix}")
}

/// A function's name or ARN within a path.
fn encoded(function: &str) -> String {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let part = |byte: u8| if allowed(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    function.bytes().map(part).collect()
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use aws_types::region::Region;

    use super::*;

    fn client(function: &str) -> Result<LambdaClient, DestinationError> {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("token".to_owned()), None, "test");
        let sdk = SdkConfig::builder()
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials));
        LambdaClient::new(&sdk.build(), function)
    }

    #[test]
    fn a_function_is_invoked_in_the_region_of_its_arn() {
        let by_name = client("decryptor").unwrap();
        assert_eq!(by_name.url, "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/decryptor/invocations");
        let by_arn = client("arn:aws:lambda:us-east-2:111122223333:function:decryptor:live").unwrap();
        let path = "arn%3Aaws%3Alambda%3Aus-east-2%3A111122223333%3Afunction%3Adecryptor%3Alive";
        let expected = format!("https://lambda.us-east-2.amazonaws.com/2015-03-31/functions/{path}/invocations");
        assert_eq!((by_arn.url, by_arn.region.as_str()), (expected, "us-east-2"));
        assert!(client("arn:aws:sqs:us-east-2:111122223333:q").is_err());
    }

    #[tokio::test]
    async fn a_request_is_signed_for_lambda_with_its_body() {
        let request = client("decryptor").unwrap().signed(b"{}".to_vec()).await.unwrap();
        let authorization = request.headers().get("authorization").unwrap();
        assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{authorization}");
        assert!(authorization.contains("/eu-west-1/lambda/aws4_request"), "{authorization}");
        assert!(authorization.contains("x-amz-invocation-type") && authorization.contains("x-amz-security-token"));
        assert_eq!(request.headers().get("x-amz-security-token"), Some("token"));
        assert_eq!(request.headers().get("x-amz-invocation-type"), Some("RequestResponse"));
        assert_eq!((request.method(), request.body().bytes()), ("POST", Some(&b"{}"[..])));
    }
}
