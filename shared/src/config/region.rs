//! The Region, and whether what a variable names is in it.

use super::{Environment, Text};

/// The Region whose services are called. Lambda sets it, and the AWS SDK reads it too.
pub const REGION: Text<String> = Text {
    name: "AWS_REGION",
    allowed: "a Region's name",
    default: None,
    parse: |text| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-').then(|| text.to_owned()),
    secret: false,
    meaning: "The Region whose services are called. Lambda sets it.",
};

impl Environment {
    /// The Region, which must be there.
    pub fn require_region(&mut self) -> Option<String> {
        if self.has_rejected(REGION.name) { None } else { self.require(&REGION, "always (Lambda sets it)") }
    }

    /// Notes a problem with `name` if the ARN that it holds is of another Region than the one whose `service` is called.
    ///
    /// A request would be signed for the wrong Region or, where the service is told a name only, reach what has the same name here. With
    /// an endpoint set (`AWS_ENDPOINT_URL_SQS`, or `AWS_ENDPOINT_URL` for all) the requests go there, whatever the Region.
    pub fn require_same_region(&mut self, name: &'static str, region: &str, service: &str) {
        let Some(own) = self.require_region() else { return };
        let endpoints = [format!("AWS_ENDPOINT_URL_{service}"), "AWS_ENDPOINT_URL".to_owned()];
        if own != region && !endpoints.iter().any(|name| self.is_set(name)) {
            self.reject(name, format!("is in {region}, and AWS_REGION, whose services are called, is {own}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ConfigError;
    use super::*;

    fn check(variables: &[(&str, &str)]) -> Result<(), ConfigError> {
        let compose = |environment: &mut Environment| {
            environment.require_same_region("SINK_ARN", "eu-west-1", "SQS");
            Some(())
        };
        super::super::read(variables.iter().copied(), compose).map(|configured| configured.settings)
    }

    #[test]
    fn an_arn_of_another_region_is_refused_with_both_regions() {
        assert_eq!(check(&[("AWS_REGION", "eu-west-1")]), Ok(()));
        let error = check(&[("AWS_REGION", "us-east-1")]).unwrap_err().to_string();
        assert!(
            error.contains("SINK_ARN is in eu-west-1, and AWS_REGION, whose services are called, is us-east-1"),
            "{error}"
        );
        assert!(check(&[]).unwrap_err().to_string().contains("AWS_REGION is not set"));
    }

    #[test]
    fn an_endpoint_of_that_service_takes_any_region() {
        for (endpoint, accepted) in
            [("AWS_ENDPOINT_URL_SQS", true), ("AWS_ENDPOINT_URL", true), ("AWS_ENDPOINT_URL_S3", false)]
        {
            let variables = [("AWS_REGION", "us-east-1"), (endpoint, "http://127.0.0.1:4566")];
            assert_eq!(check(&variables).is_ok(), accepted, "{endpoint}");
        }
    }
}
