//! The ARN of a resource, taken apart.

/// `arn:<partition>:<service>:<region>:<account>:<resource>`. Region and account are empty where the service has none in its ARNs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    pub(crate) partition: &'a str,
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    pub(crate) resource: &'a str,
}

impl<'a> Arn<'a> {
    /// `None` if `text` is not an ARN: six parts, of which all but the resource are of lower-case letters, digits and hyphens.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next();
        let (arn, partition, service) = (part()?, part()?, part()?);
        let (region, account, resource) = (part()?, part()?, part()?);
        let is_word =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let valid = arn == "arn"
            && ![partition, service, resource].contains(&"")
            && [partition, service, region, account].into_iter().all(is_word);
        valid.then_some(Self { partition, service, region, account, resource })
    }

    /// Whether it has a Region and an account, as the ARNs of what belongs to both.
    pub(crate) fn is_regional(&self) -> bool {
        let is_account = self.account.len() == 12 && self.account.bytes().all(|byte| byte.is_ascii_digit());
        is_account && !self.region.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_has_six_parts() {
        let arn = Arn::parse("arn:aws-cn:sqs:cn-north-1:111122223333:a:b/c").unwrap();
        assert_eq!((arn.partition, arn.service, arn.region), ("aws-cn", "sqs", "cn-north-1"));
        assert_eq!((arn.account, arn.resource), ("111122223333", "a:b/c"));
        assert!(arn.is_regional());
        assert!(Arn::parse("arn:aws:s3:::bucket").is_some_and(|arn| arn.region.is_empty() && !arn.is_regional()));
        for wrong in ["", "arn:aws:s3", "arn:aws:s3:::", "ARN:aws:s3:::b", "arn::s3:::b", "arn:aws:sqs:eu/west:1:q"] {
            assert_eq!(Arn::parse(wrong), None, "{wrong}");
        }
    }
}
