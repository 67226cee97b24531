"""A program that writes and opens messages when it is asked to."""

import json
import subprocess
import threading

# Until a party is taken for stuck. The largest messages take a second or two.
ANSWER_TIMEOUT_SECONDS = 60


class Refused(Exception):
    """A party's own words on why it does not do what it was asked."""


class Party:
    def __init__(self, name, command, environment):
        self.name = name
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def ask(self, operation, **arguments):
        """The answer to a request. A party that crashes or hangs ends the exchange: that is never a refusal."""
        watchdog = threading.Timer(ANSWER_TIMEOUT_SECONDS, self.process.kill)
        watchdog.start()
        try:
            print(json.dumps({"operation": operation, **arguments}), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line:
            raise RuntimeError(f"{self.name} ended instead of answering: {operation} {arguments}")
        answer = json.loads(line)
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer["done"]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=ANSWER_TIMEOUT_SECONDS)
