"""What is judged at the end, over everything that the scenarios did."""

import base64

from . import permissions
from .alarms import alarms_that_would_go_off
from .aws import client
from .layout import MONITORING
from .producer import MARKER, Plaintext
from .rehearsal import Outcome, Rehearsal
from .stacks import SETTINGS
from .templates import parse


def no_plaintext_in_the_logs(rehearsal: Rehearsal) -> Outcome:
    """No function wrote a record's plaintext to its log."""
    outcome = Outcome()
    for log in sorted((rehearsal.work / "sandboxes").iterdir()):
        content = log.read_bytes()
        outcome.demand(not any(plaintext in content for plaintext in _PLAINTEXTS), f"{log.name} holds plaintext")
    return outcome


def permissions_are_the_least(rehearsal: Rehearsal) -> Outcome:
    """Every call is allowed, and every permission had a use in one of the stacks."""
    outcome = Outcome()
    for kind in ("stream-decryptor", "record-encryptor"):
        functions = [name for stack in rehearsal.stacks.values() for name in stack.functions() if name.endswith(kind)]
        unused = []
        for function in functions:
            called = permissions.called_actions(rehearsal.journal, function)
            outcome.problems += permissions.problems(function, called)
            unused.append(permissions.unused_actions(function, called))
        for action in sorted(set.intersection(*unused)):
            outcome.demand(False, f"the policies of {kind} allow {action}, which nothing called")
    return outcome


def variables_are_set_or_absent(rehearsal: Rehearsal) -> Outcome:
    """No function has an empty variable, and those that are given as JSON reached it whole."""
    outcome = Outcome()
    for stack in rehearsal.stacks.values():
        for function in stack.functions():
            variables = _variables(function)
            empty = [name for name, value in variables.items() if not value]
            outcome.demand(variables and not empty, f"{function} has the empty variables {empty} of {len(variables)}")
    settings = _variables(rehearsal.stacks["queue"].function()).get("WARMKEYS_SETTINGS")
    outcome.demand(settings == SETTINGS, f"the settings {SETTINGS} arrived as {settings}")
    return outcome


def alarms_arrive_with_the_topic(rehearsal: Rehearsal) -> Outcome:
    """The stack that names a topic has each alarm of a function that reads a stream and has no queues; the others have none."""
    outcome = Outcome()
    resources = parse(MONITORING)["Resources"].values()
    wanted = {
        resource["Properties"]["AlarmName"]["Fn::Sub"].removeprefix("${FunctionName}-")
        for resource in resources
        if resource["Type"] == "AWS::CloudWatch::Alarm" and resource["Condition"] in ("HasAlarms", "AlarmsOfReader")
    }
    for stack in rehearsal.stacks.values():
        topic = stack.parameters.get("AlarmTopicArn")
        for function in stack.functions():
            pages = client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{function}-")
            alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
            names = {alarm["AlarmName"].removeprefix(f"{function}-") for alarm in alarms}
            expected = wanted if topic else set()
            outcome.demand(
                names == expected, f"{function} has not these alarms, or these beside its own: {sorted(names ^ expected)}"
            )
            outcome.demand(
                all(alarm["AlarmActions"] == [topic] for alarm in alarms), f"not all alarms of {function} go to {topic}"
            )
    return outcome


def faults_set_their_alarms_off(rehearsal: Rehearsal) -> Outcome:
    """What the functions wrote in the scenarios fulfils the condition of each alarm whose cause was provoked."""
    outcome = Outcome()
    gone_off = alarms_that_would_go_off(rehearsal.work / "sandboxes")
    for alarm, function in _FAULTS.items():
        gone = {name for name in gone_off.get(alarm, ()) if name.endswith(function)}
        outcome.demand(gone, f"nothing that a {function} wrote would set {alarm} off")
    outcome.note = f"{len(_FAULTS)} of {len(gone_off)} alarms that would have gone off were looked for"
    return outcome


def _variables(function: str) -> dict[str, str]:
    return client("lambda").get_function_configuration(FunctionName=function)["Environment"]["Variables"]


# Each alarm whose cause a scenario provokes, and the function that it is about.
_FAULTS = {
    "kms-throttles": "stream-decryptor",  # throttled_keys_hold_the_shard
    "key-is-unavailable": "stream-decryptor",  # disabled_key_waits
    "quarantined": "stream-decryptor",  # poison_goes_to_the_queue
    "quarantined-by-setting": "stream-decryptor",  # the same: a key that is not allowed, another encryption context
    "records-are-not-written": "record-encryptor",  # encrypted_records_come_back
}

# How every plaintext begins, as it is and as base64 of whole groups of three bytes.
_BEGINNING = Plaintext(0, "", 0).encode()[: Plaintext(0, "", 0).encode().index(b"run") // 3 * 3]
_PLAINTEXTS = (MARKER.encode(), base64.b64encode(_BEGINNING))

CLOSING_CHECKS = [
    no_plaintext_in_the_logs,
    permissions_are_the_least,
    variables_are_set_or_absent,
    alarms_arrive_with_the_topic,
    faults_set_their_alarms_off,
]
