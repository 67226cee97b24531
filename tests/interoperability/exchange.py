"""Has this repository and independent implementations open each other's messages: see README.md. Started by `run`."""

import collections
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from cases import COMMITTING, KMS_KEY, all_cases, damaged_copies
from party import Party, Refused

HERE = pathlib.Path(__file__).parent
BINARIES = pathlib.Path(sys.argv[1]).resolve()

OURS = "this repository"
FUNCTION = "record-encryptor"
PARTIES = {
    OURS: [BINARIES / "interoperate"],
    FUNCTION: [BINARIES / "interoperate", "--record-encryptor", BINARIES / "record-encryptor"],
    "Python": [HERE / ".venv/bin/python", HERE / "parties/with_python.py"],
    "JavaScript": ["node", HERE / "parties/with_javascript.js"],
}
# Who opens whose messages.
EXCHANGES = [
    (OURS, "Python"),
    (OURS, "JavaScript"),
    (FUNCTION, "Python"),
    (FUNCTION, "JavaScript"),
    ("Python", OURS),
    ("JavaScript", OURS),
]


def writes(writer, case):
    """Whether the writer does what the case asks for; that it refuses everything else is checked, not skipped."""
    if case.frame_len == 0:
        return writer == "Python"
    if writer == FUNCTION:
        return case.suite in COMMITTING and all("kms" in key for key in case.keys)
    return True


class Exchange:
    def __init__(self, parties, kms_url, folder):
        self.parties = parties
        self.kms_url = kms_url
        self.folder = folder
        # (writer, reader) -> how often each thing happened.
        self.passed = collections.defaultdict(collections.Counter)
        self.failures = []

    def run(self, case, writer, reader):
        """Has `writer` write the case's messages and `reader` open them."""
        about = f"{writer} -> {reader}, {case.suite}, {case.name}"
        pair = (writer, reader)
        plaintexts = [self.plaintext(length) for length in case.lengths]
        messages = [self.folder / f"message-{number}" for number in range(len(plaintexts))]
        request = {"suite": case.suite, "frame_len": case.frame_len, "context": case.context, "keys": case.keys}
        files = {"plaintexts": [str(path) for path in plaintexts], "messages": [str(path) for path in messages]}
        generated_before = self.generated_data_keys()
        try:
            self.parties[writer].ask("write", **request, **files)
        except Refused as refusal:
            self.count(pair, "not written", not writes(writer, case), f"{about}: not written: {refusal}")
            return
        if not writes(writer, case):
            self.count(pair, "not written", False, f"{about}: written, although {writer} does not")
            return
        if KMS_KEY in case.keys:
            generated = self.generated_data_keys() - generated_before
            self.count(pair, "one data key", generated == 1, f"{about}: {generated} data keys generated")
        for held in case.readers_hold:
            for message, plaintext in zip(messages, plaintexts, strict=True):
                self.expect_opened(pair, about, case, message, plaintext, held)
        for held in case.others_hold:
            self.expect_refused(pair, f"{about}, without its key", messages[0], held)
        if case.damaged:
            self.expect_damage_refused(pair, about, case, messages[0])

    def expect_opened(self, pair, about, case, message, plaintext, held):
        opened = self.folder / "opened"
        opened.unlink(missing_ok=True)
        try:
            header = self.parties[pair[1]].ask("open", message=str(message), plaintext=str(opened), keys=held)
        except Refused as refusal:
            self.count(pair, "opened", False, f"{about}: not opened: {refusal}")
            return
        header["context"].pop("aws-crypto-public-key", None)
        expected = {"suite": case.suite, "context": case.context, "encrypted_data_keys": len(case.keys)}
        fits = opened.read_bytes() == plaintext.read_bytes()
        self.count(pair, "opened", fits, f"{about}: opened to another plaintext")
        if header != expected:
            self.count(pair, "opened", False, f"{about}: the header says {header}, not {expected}")

    def expect_damage_refused(self, pair, about, case, message):
        damaged = self.folder / "damaged"
        for damage, content in damaged_copies(message.read_bytes(), case.context):
            damaged.write_bytes(content)
            self.expect_refused(pair, f"{about}, {damage}", damaged, case.keys)

    def expect_refused(self, pair, about, message, held):
        opened = self.folder / "opened"
        try:
            self.parties[pair[1]].ask("open", message=str(message), plaintext=str(opened), keys=held)
        except Refused:
            self.count(pair, "refused", True, about)
        else:
            self.count(pair, "refused", False, f"{about}: opened, although it must not")

    def count(self, pair, what, passed, failure):
        if passed:
            self.passed[pair][what] += 1
        else:
            self.failures.append((pair, failure))
            print("FAILED", failure, flush=True)

    def plaintext(self, length):
        path = self.folder / f"plaintext-{length}"
        if not path.exists():
            path.write_bytes((bytes(range(251)) * (length // 251 + 1))[:length])
        return path

    def generated_data_keys(self):
        """How many data keys the embedded KMS has generated."""
        with urllib.request.urlopen(f"{self.kms_url}/_warmkeys/calls") as calls:
            log = json.load(calls)
        return log["operations"].get("GenerateDataKey", {}).get("answered", 0)

    def print_table(self):
        kinds = ("opened", "refused", "one data key", "not written")
        print(f"\n{'writer -> reader':32}" + "".join(f"{kind:>14}" for kind in kinds) + f"{'failed':>14}")
        for pair in EXCHANGES:
            failed = sum(of == pair for of, _ in self.failures)
            counts = "".join(f"{self.passed[pair][kind]:>14}" for kind in kinds)
            print(f"{' -> '.join(pair):32}{counts}{failed:>14}")


def main():
    started = time.monotonic()
    kms = subprocess.Popen([BINARIES / "embedded-kms", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    try:
        environment = dict(os.environ)
        environment.update(kms_environment(kms))
        parties = {name: Party(name, command, environment) for name, command in PARTIES.items()}
        with tempfile.TemporaryDirectory() as folder:
            exchange = Exchange(parties, environment["AWS_ENDPOINT_URL_KMS"], pathlib.Path(folder))
            for case in all_cases():
                for writer, reader in EXCHANGES:
                    exchange.run(case, writer, reader)
        for party in parties.values():
            party.stop()
    finally:
        kms.send_signal(signal.SIGINT)
        kms.wait()
    exchange.print_table()
    passed = sum(sum(counts.values()) for counts in exchange.passed.values())
    print(f"\n{passed} passed, {len(exchange.failures)} failed ({time.monotonic() - started:.0f} s)")
    # An exchange in which nothing happened proves nothing.
    sys.exit(1 if exchange.failures or not all(exchange.passed[pair]["opened"] for pair in EXCHANGES) else 0)


def kms_environment(kms):
    """The variables that lead an SDK to the embedded KMS, which prints them as a shell would set them."""
    variables = {}
    for line in kms.stdout:
        if not line.startswith("export "):
            return variables
        name, value = line.removeprefix("export ").strip().split("=", 1)
        variables[name] = value
    raise RuntimeError("the embedded KMS did not start")


if __name__ == "__main__":
    main()
