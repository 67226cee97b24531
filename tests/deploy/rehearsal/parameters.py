"""What the templates' parameters accept: the emulator looks neither at patterns nor at rules, but CloudFormation does."""

import re
import tomllib

from .failure import StepFailed
from .layout import SAM_CONFIGURATION
from .rules import refusals
from .templates import all_templates, parse

_KEY = "arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd"
_ALIAS = "arn:aws:kms:eu-central-1:111122223333:alias/orders"
_STREAM = "arn:aws:kinesis:eu-central-1:111122223333:stream/orders"
_CONSUMER = f"{_STREAM}/consumer/warmkeys:1764300000"
_ACTIVITY_STREAM = "arn:aws:kinesis:eu-central-1:111122223333:stream/aws-rds-das-cluster-ABC1"
_QUEUE = "arn:aws:sqs:eu-central-1:111122223333:orders.fifo"
_FIREHOSE = "arn:aws:firehose:eu-central-1:111122223333:deliverystream/orders"
_BUCKET = "arn:aws:s3:::orders"
_PREFIX = f"{_BUCKET}/clear/eu"

# More than these, and a newcomer reads none.
_ROOT_PARAMETERS = 20

# By parameter, of whichever template has it: values that must be accepted, and values that must not.
_PATTERNS = {
    "ActivityStreamArn": (
        [_ACTIVITY_STREAM, _ACTIVITY_STREAM.replace("cluster", "db"), f"{_ACTIVITY_STREAM}/consumer/audit:1764300000"],
        ["", _STREAM, _CONSUMER, f"{_ACTIVITY_STREAM}/x"],
    ),
    "StreamArn": (["", _STREAM, _CONSUMER], [f"{_STREAM}/x", f"{_STREAM}/consumer/warmkeys", f"{_STREAM}/consumer/:1", _QUEUE]),
    "StartingPosition": (
        ["TRIM_HORIZON", "LATEST", "1764300000"],
        ["", "AT_TIMESTAMP", "0", "1764300000.5", "1764300000000", "2025-11-28T03:20:00Z"],
    ),
    "KmsKeyArns": (["", _KEY, f"{_KEY},{_KEY}", ",".join([_KEY] * 20)], [_ALIAS, f"{_KEY}, {_KEY}", ",".join([_KEY] * 21)]),
    "KmsGeneratorKeyArn": ([_KEY], ["", _ALIAS, f"{_KEY},{_KEY}"]),
    "AdditionalKmsKeyArns": (["", ",".join([_KEY] * 9)], [_ALIAS, ",".join([_KEY] * 10)]),
    "KmsDiscoveryAccountIds": (["", "111122223333", "111122223333,111122223334"], ["11112222333", "111122223333,"]),
    "Sink": (["queue", "stdout", _STREAM, _QUEUE, _FIREHOSE, _BUCKET, _PREFIX], ["", "sqs", "orders", _KEY, f"{_BUCKET}/"]),
    "SinkArn": (["stdout", _STREAM, _QUEUE, _FIREHOSE, _BUCKET, _PREFIX], ["", "queue", "orders", _KEY, f"{_BUCKET}/"]),
    **dict.fromkeys(
        ("Settings", "StreamDecryptorSettings", "RecordEncryptorSettings"),
        (
            [
                "",
                "{}",
                '{"KMS_MAX_ATTEMPTS":"5"}',
                '{ "KMS_MAX_ATTEMPTS": "5", "ENCRYPTION_CONTEXT": "{\\"tenant\\":\\"blue\\"}" }',
            ],
            ["KMS_MAX_ATTEMPTS=5", "[]", "{KMS_MAX_ATTEMPTS:5}", '{"KMS_MAX_ATTEMPTS":5}', '"{}"'],
        ),
    ),
    "SubnetIds": (["", "subnet-0a1b", "subnet-0a1b,subnet-2c3d"], ["sg-0a1b", "subnet-0a1b, subnet-2c3d"]),
    # What Lambda takes.
    "MaximumRecordAgeSeconds": (
        ["", "-1", *map(str, [*range(60, 1_100), 9_999, 10_000, 99_999, 100_000, 599_999, 600_000, 604_799, 604_800])],
        ["-2", *map(str, [*range(60), 604_801, 604_900, 605_000, 610_000, 1_000_000])],
    ),
}

_EXISTING = {"StreamArn": _STREAM, "MaximumRecordAgeSeconds": "82800"}
_EXISTING_ACTIVITY = {**_EXISTING, "StreamArn": _ACTIVITY_STREAM}
_DECRYPTED = {**_EXISTING, "SinkArn": _QUEUE}
_AUDITED = {"ActivityStreamArn": _ACTIVITY_STREAM, "MaximumRecordAgeSeconds": "82800", "SinkArn": _QUEUE, "KmsKeyArns": _KEY}
_ACTIVITY = {"RecordFormat": "database-activity-stream", "DeployRecordEncryptor": "false"}

# By template: what is set beside the defaults, and the rule that must refuse it, or `None` if it must be accepted.
_RULES: dict[str, list[tuple[dict[str, str], str | None]]] = {
    "root": [
        ({}, None),
        ({"KmsKeyArns": _KEY}, None),
        ({"RecordFormat": "kms-ciphertext"}, "EncryptorFitsTheStream"),
        ({"RecordFormat": "kms-ciphertext", "DeployRecordEncryptor": "false"}, None),
        ({**_ACTIVITY, **_EXISTING_ACTIVITY, "KmsKeyArns": _KEY}, None),
        ({**_ACTIVITY, "KmsKeyArns": _KEY}, "ActivityStreamExists"),
        ({**_ACTIVITY, **_EXISTING_ACTIVITY}, "ActivityStreamExists"),
        ({**_ACTIVITY, **_EXISTING_ACTIVITY, "KmsKeyArns": _KEY, "EncryptionContextKey": "tenant"}, "ActivityStreamExists"),
        ({"EncryptionContextKey": "tenant", "EncryptionContextValue": "blue"}, None),
        ({"EncryptionContextValue": "blue"}, "ContextValueHasAKey"),
        ({**_EXISTING, "StreamServerSideEncryptionKeyArn": _KEY, "StartingPosition": "1764300000"}, None),
        ({"StreamArn": _CONSUMER, "MaximumRecordAgeSeconds": "-1"}, None),
        ({"StreamArn": _STREAM}, "ExistingStreamHasARecordAge"),
        ({"StreamServerSideEncryptionKeyArn": _KEY}, "StreamParametersHaveAnExistingStream"),
        ({"MaximumRecordAgeSeconds": "601200"}, "StreamParametersHaveAnExistingStream"),
        ({"StartingPosition": "LATEST"}, "StreamParametersHaveAnExistingStream"),
        ({**_EXISTING, "Sink": _QUEUE}, None),
        ({**_EXISTING, "Sink": _STREAM}, "SinkIsNotTheSource"),
        ({"Sink": _QUEUE, "SinkServerSideEncryptionKeyArn": _KEY}, None),
        ({"SinkServerSideEncryptionKeyArn": _KEY}, "SinkKeyHasAnExistingSink"),
        ({"StreamAggregation": "same-shard"}, None),
        ({"StreamAggregation": "same-partition-key", "ParallelizationFactor": "2"}, None),
        ({"StreamAggregation": "same-shard", "ParallelizationFactor": "2"}, "EncryptorFitsTheStream"),
        ({"StreamAggregation": "same-shard", "DeployRecordEncryptor": "false"}, "EncryptorParametersHaveAnEncryptor"),
        ({"RecordEncryptorSettings": "{}", "DeployRecordEncryptor": "false"}, "EncryptorParametersHaveAnEncryptor"),
    ],
    "stream-decryptor": [
        ({**_DECRYPTED, "KmsKeyArns": _KEY}, None),
        ({**_DECRYPTED, "SinkArn": "stdout", "KmsDiscoveryAccountIds": "111122223333"}, None),
        (_DECRYPTED, "KeysAreNamedOrDiscovered"),
        ({**_DECRYPTED, "KmsKeyArns": _KEY, "KmsDiscoveryAccountIds": "111122223333"}, "KeysAreNamedOrDiscovered"),
        ({**_DECRYPTED, "SinkArn": _STREAM, "KmsKeyArns": _KEY}, "SinkIsNotTheSource"),
        ({**_DECRYPTED, "KmsKeyArns": _KEY, "EncryptionContextValue": "blue"}, "ContextValueHasAKey"),
        ({**_DECRYPTED, "SinkArn": "stdout", "KmsKeyArns": _KEY, "SinkServerSideEncryptionKeyArn": _KEY}, "SinkKeyHasASink"),
        ({**_DECRYPTED, "KmsKeyArns": _KEY, "SubnetIds": "subnet-0a"}, "SubnetsHaveSecurityGroups"),
        ({**_DECRYPTED, "KmsKeyArns": _KEY, "SecurityGroupIds": "sg-0a"}, "SubnetsHaveSecurityGroups"),
    ],
    "activity-stream": [
        (_AUDITED, None),
        ({**_AUDITED, "SinkArn": _ACTIVITY_STREAM}, "SinkIsNotTheSource"),
        ({**_AUDITED, "SinkArn": "stdout", "SinkServerSideEncryptionKeyArn": _KEY}, "SinkKeyHasASink"),
        ({**_AUDITED, "SubnetIds": "subnet-0a"}, "SubnetsHaveSecurityGroups"),
    ],
    "record-encryptor": [
        ({"StreamArn": _STREAM, "KmsGeneratorKeyArn": _KEY}, None),
        ({"StreamArn": _STREAM, "KmsGeneratorKeyArn": _KEY, "SubnetIds": "subnet-0a", "SecurityGroupIds": "sg-0a"}, None),
        ({"StreamArn": _STREAM, "KmsGeneratorKeyArn": _KEY, "EncryptionContextValue": "blue"}, "ContextValueHasAKey"),
        ({"StreamArn": _STREAM, "KmsGeneratorKeyArn": _KEY, "SubnetIds": "subnet-0a"}, "SubnetsHaveSecurityGroups"),
    ],
}


def check_parameters() -> None:
    """Raises `StepFailed` if a pattern or a rule accepts what it should not or the other way round, or if there are too many."""
    templates = {name: parse(path) for name, path in all_templates().items()}
    count = len(templates["root"]["Parameters"])
    if count > _ROOT_PARAMETERS:
        raise StepFailed(f"the root template has {count} parameters, more than {_ROOT_PARAMETERS}")
    for parameter in _PATTERNS:
        _check_pattern(parameter, templates)
    for name, cases in _RULES.items():
        _check_rules(name, templates[name], cases)
    _check_prepared_configuration(templates["root"]["Parameters"])


def _check_pattern(parameter: str, templates: dict[str, dict]) -> None:
    patterns = {
        name: re.compile(template["Parameters"][parameter]["AllowedPattern"])
        for name, template in templates.items()
        if parameter in template["Parameters"]
    }
    if not patterns:
        raise StepFailed(f"no template has the parameter {parameter}")
    accepted, refused = _PATTERNS[parameter]
    for name, pattern in patterns.items():
        wrong = [value for value in accepted if not pattern.fullmatch(value)]
        wrong += [value for value in refused if pattern.fullmatch(value)]
        # A function's own template may insist on what the root can do without, and only a stream itself can be written to.
        stricter = set() if name == "root" else {"", _CONSUMER} if name == "record-encryptor" else {""}
        if any(value in refused or value not in stricter for value in wrong):
            raise StepFailed(f"the pattern of the parameter {parameter} of {name} is wrong about {wrong}")


def _check_rules(name: str, template: dict, cases: list[tuple[dict[str, str], str | None]]) -> None:
    for parameters, expected in cases:
        refused_by = refusals(template, parameters)
        if refused_by != ([expected] if expected else []):
            raise StepFailed(f"{name} with {parameters} is refused by {refused_by}, and should be by {expected}")
    unproven = template.get("Rules", {}).keys() - {expected for _, expected in cases}
    if unproven:
        raise StepFailed(f"no case shows what these rules of {name} refuse: {sorted(unproven)}")


def _check_prepared_configuration(parameters: dict) -> None:
    """What samconfig.toml prepares: the parameters exist, and what has to be replaced is refused as it is."""
    environments = tomllib.loads(SAM_CONFIGURATION.read_text())
    prepared = [
        environments[name]["deploy"]["parameters"]["parameter_overrides"] for name in ("existing-stream", "activity-stream")
    ]
    for name, given in [override for overrides in prepared for override in overrides.items()]:
        value = ",".join(given) if isinstance(given, list) else given
        if name not in parameters:
            raise StepFailed(f"samconfig.toml sets {name}, which the template does not have")
        accepted = re.compile(parameters[name].get("AllowedPattern", ".*")).fullmatch(value)
        if accepted and any(placeholder in value for placeholder in ("REGION", "SECONDS")):
            raise StepFailed(f"the pattern of {name} accepts the placeholder {value}")
