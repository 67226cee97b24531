//! What happens to requests.

use std::time::Duration;

use hyper::Request;

/// A service that the function calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Service {
    Kms,
    Sqs,
    Kinesis,
    Firehose,
    S3,
}

impl Service {
    pub(super) const ALL: [Self; 5] = [Self::Kms, Self::Sqs, Self::Kinesis, Self::Firehose, Self::S3];

    /// The service that `host` belongs to: `kms.us-east-1.amazonaws.com`.
    pub(super) fn of_host(host: &str) -> Self {
        let named = |name: &str| host.split(['.', '-']).any(|part| part == name);
        match () {
            () if named("kms") => Self::Kms,
            () if named("sqs") => Self::Sqs,
            () if named("firehose") => Self::Firehose,
            () if named("kinesis") => Self::Kinesis,
            () if named("s3") => Self::S3,
            () => panic!("a request to {host}"),
        }
    }

    pub(super) fn of<B>(request: &Request<B>) -> Self {
        Self::of_host(request.uri().host().unwrap_or_default())
    }

    /// What it fails with.
    fn errors(self) -> &'static [(u16, &'static str)] {
        match self {
            Self::Kms => &[
                (400, "ThrottlingException"),
                (400, "ThrottlingException"),
                (500, "KMSInternalException"),
                (503, "DependencyTimeoutException"),
                (400, "ExpiredTokenException"),
                (400, "AccessDeniedException"),
                (400, "DisabledException"),
                (403, ""),
                (502, ""),
            ],
            Self::Sqs => &[
                (400, "RequestThrottled"),
                (500, "InternalError"),
                (503, "ServiceUnavailable"),
                (403, "ExpiredToken"),
                (403, "AccessDenied"),
                (502, ""),
            ],
            Self::Kinesis => &[
                (400, "ProvisionedThroughputExceededException"),
                (400, "KMSThrottlingException"),
                (500, "InternalFailure"),
                (503, "ServiceUnavailable"),
                (400, "ExpiredTokenException"),
                (400, "AccessDeniedException"),
                (502, ""),
            ],
            Self::Firehose => &[
                (400, "ThrottlingException"),
                (500, "InternalFailure"),
                (503, "ServiceUnavailableException"),
                (400, "ExpiredTokenException"),
                (400, "AccessDeniedException"),
                (502, ""),
            ],
            Self::S3 => &[
                (503, "SlowDown"),
                (500, "InternalError"),
                (409, "OperationAborted"),
                (400, "ExpiredToken"),
                (403, "AccessDenied"),
                (502, ""),
            ],
        }
    }
}

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is answered with this status and error code, and not carried out.
    Error(u16, &'static str),
    /// It never arrives, and the connection is closed.
    LostRequest,
    /// It is carried out, and the connection is closed.
    LostAnswer,
    /// It never arrives, and nothing else does.
    HangBefore,
    /// It is carried out and never answered.
    HangAfter,
    /// It is carried out at once and answered late.
    Slow(Duration),
    /// Some of its entries fail.
    FailEntries,
    /// The answer leaves some of its entries out; they are stored, or (in a queue) some are not.
    LeaveOutEntries,
    /// It is carried out, and its answer cannot be read.
    Garbled,
}

/// How likely faults are, service by service. Changes from time to time.
#[derive(Debug)]
pub(super) struct Weather {
    /// What changes the probabilities.
    rng: fastrand::Rng,
    /// What draws for each service, so that it does not matter which of two services is asked first at one moment.
    by_service: [fastrand::Rng; Service::ALL.len()],
    probabilities: [f64; Service::ALL.len()],
}

impl Weather {
    /// Calm at first.
    pub(super) fn new(mut rng: fastrand::Rng) -> Self {
        let by_service = Service::ALL.map(|_| rng.fork());
        Self { rng, by_service, probabilities: [0.0; Service::ALL.len()] }
    }

    /// Changes, to what is drawn.
    pub(super) fn change(&mut self) {
        for probability in &mut self.probabilities {
            *probability = *self.rng.choice(&[0.0, 0.0, 0.05, 0.2, 0.5, 0.9]).expect("there are some");
        }
    }

    /// Nothing fails any more.
    pub(super) fn calm_down(&mut self) {
        self.probabilities = [0.0; Service::ALL.len()];
    }

    /// How long a request or an answer is under way.
    pub(super) fn latency(&mut self, service: Service) -> Duration {
        Duration::from_millis(self.by_service[service as usize].u64(1..=30))
    }

    /// What happens to a request to `service`, if anything.
    pub(super) fn fault(&mut self, service: Service) -> Option<Fault> {
        let rng = &mut self.by_service[service as usize];
        if rng.f64() >= self.probabilities[service as usize] {
            return None;
        }
        Some(match rng.u8(0..12) {
            0..=2 => {
                let (status, code) = *rng.choice(service.errors()).expect("there are some");
                Fault::Error(status, code)
            }
            3 => Fault::LostRequest,
            4 => Fault::LostAnswer,
            5 => Fault::HangBefore,
            6 => Fault::HangAfter,
            7 => Fault::Slow(Duration::from_millis(rng.u64(100..=8_000))),
            8 | 9 => Fault::FailEntries,
            10 => Fault::LeaveOutEntries,
            _ => Fault::Garbled,
        })
    }

    /// Whether one of the entries fails of a request of which some fail.
    pub(super) fn fails(&mut self, service: Service) -> bool {
        self.by_service[service as usize].bool()
    }
}
