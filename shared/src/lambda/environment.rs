//! Region, credentials and endpoints, from the variables that Lambda and the AWS SDKs have in common.

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::ProvideRegion;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::EnvConfigValue;
use aws_types::os_shim_internal::Env;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// What clients are made from in a Lambda function.
///
/// - The Region is `AWS_REGION`, else `AWS_DEFAULT_REGION`.
/// - Credentials are `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, else those that
///   `AWS_CONTAINER_CREDENTIALS_FULL_URI` leads to. They are asked for when they are first needed.
/// - Endpoints are `AWS_ENDPOINT_URL_<SERVICE>`, else `AWS_ENDPOINT_URL`, unless `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is `true`;
///   `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT` are obeyed.
///
/// No profile, no instance and no token service is asked, as [`aws_config::load_from_env`] would: a function has none of them, and
/// what asks them is a twentieth of its size. On your own machine, `aws configure export-credentials --format env` makes variables of a
/// profile.
pub async fn sdk_config() -> SdkConfig {
    let region = EnvironmentVariableRegionProvider::new().region().await;
    from_variables(Env::real()).region(region).credentials_provider(credentials()).build()
}

fn credentials() -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(
        CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
            .or_else("Container", EcsCredentialsProvider::builder().build()),
    )
}

fn from_variables(variables: Env) -> aws_types::sdk_config::Builder {
    let is_true = |name| variables.get(name).is_ok_and(|value| value.eq_ignore_ascii_case("true"));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"));
    if !is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
        config.set_endpoint_url(variables.get("AWS_ENDPOINT_URL").ok());
        config = config.service_config(OneService(variables));
    }
    config
}

/// The variables of one service, as `AWS_ENDPOINT_URL_KMS`.
#[derive(Debug)]
struct OneService(Env);

impl LoadServiceConfig for OneService {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let (value, _source) = EnvConfigValue::new().env(key.env()).service_id(key.service_id()).load(&self.0, None)?;
        Some(value.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use aws_types::service_config::ServiceConfigKey;

    use super::*;

    fn endpoints(variables: &[(&str, &str)]) -> (Option<String>, Option<String>) {
        let config = from_variables(Env::from_slice(variables)).build();
        let key = ServiceConfigKey::builder()
            .service_id("KMS")
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .expect("a whole key");
        let of_kms = config.service_config().and_then(|service| service.load_config(key));
        (config.endpoint_url().map(str::to_owned), of_kms)
    }

    #[test]
    fn a_service_is_called_where_its_own_variable_says_and_else_where_the_common_one_does() {
        let (common, own) = ("http://127.0.0.1:1", "http://127.0.0.1:2");
        assert_eq!(endpoints(&[]), (None, None));
        let both = [("AWS_ENDPOINT_URL", common), ("AWS_ENDPOINT_URL_KMS", own)];
        assert_eq!(endpoints(&both), (Some(common.to_owned()), Some(own.to_owned())));
        assert_eq!(endpoints(&both[1..]), (None, Some(own.to_owned())));
        let another = [("AWS_ENDPOINT_URL", common), ("AWS_ENDPOINT_URL_S3", own)];
        assert_eq!(endpoints(&another), (Some(common.to_owned()), Some(common.to_owned())));
    }

    #[test]
    fn endpoints_are_ignored_where_a_variable_says_so() {
        let variables = [
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:2"),
            ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE"),
        ];
        assert_eq!(endpoints(&variables), (None, None));
    }

    #[test]
    fn fips_and_dual_stack_endpoints_are_used_where_a_variable_asks_for_them() {
        let config = from_variables(Env::from_slice(&[("AWS_USE_FIPS_ENDPOINT", "true")])).build();
        assert_eq!((config.use_fips(), config.use_dual_stack()), (Some(true), Some(false)));
        let config = from_variables(Env::from_slice(&[("AWS_USE_DUALSTACK_ENDPOINT", "true")])).build();
        assert_eq!((config.use_fips(), config.use_dual_stack()), (Some(false), Some(true)));
    }
}
