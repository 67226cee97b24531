"""A broken function: the real one, with a saboteur between it and the rest of the world.

Started by the Runtime Interface Emulator as `bootstrap`, in place of the function, which is beside it as `function`. It runs with
the standard library only. The file `sabotage` beside it says what to break.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# Longer than any pause between two invocations of the rehearsal: the request for the next one waits so long.
_NEXT_SECONDS = 600
_RUNTIME_API = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"]
_FINISHED = threading.Event()
_QUARANTINE_QUEUE = os.environ["QUARANTINE_ARN"].rpartition(":")[2]


def main() -> int:
    """Runs the function until it ends."""
    here = Path(sys.argv[0]).resolve().parent
    sabotage = (here / "sabotage").read_text()
    runtime_api = _serve(RuntimeApi, answer=ANSWERS.get(sabotage, lambda answer, _: answer))
    environment = {**os.environ, "AWS_LAMBDA_RUNTIME_API": runtime_api}
    if sabotage == "loses_quarantined_records":
        environment["AWS_ENDPOINT_URL_SQS"] = "http://" + _serve(ForgetfulSqs)
    return subprocess.run([here / "function"], env=environment, check=False).returncode


def _answers_a_later_checkpoint(answer: dict, batch: list[str]) -> dict:
    """The record after the checkpoint: the checkpoint itself is lost."""
    return _move_checkpoint(answer, lambda failure: batch[min(batch.index(failure) + 1, len(batch) - 1)])


def _answers_an_earlier_checkpoint(answer: dict, batch: list[str]) -> dict:
    """The batch's first record: everything before the true checkpoint was delivered beyond the one that is answered.

    The true checkpoint may be the first record too, and then nothing is broken. So the first batch that is finished is also answered so.
    """
    if not answer.get("batchItemFailures") and batch[1:] and not _FINISHED.is_set():
        _FINISHED.set()
        return {"batchItemFailures": [{"itemIdentifier": batch[0]}]}
    return _move_checkpoint(answer, lambda _: batch[0])


def _answers_a_foreign_checkpoint(answer: dict, batch: list[str]) -> dict:
    """A sequence number that was not in the batch."""
    return _move_checkpoint(answer, lambda failure: failure + "0")


def _answers_success(_answer: dict, _batch: list[str]) -> dict:
    """No checkpoint although there is one."""
    return {"batchItemFailures": []}


def _move_checkpoint(answer: dict, moved) -> dict:
    failures = [failure["itemIdentifier"] for failure in answer.get("batchItemFailures") or []]
    return {"batchItemFailures": [{"itemIdentifier": moved(failure)} for failure in failures]}


ANSWERS = {
    "answers_a_later_checkpoint": _answers_a_later_checkpoint,
    "answers_an_earlier_checkpoint": _answers_an_earlier_checkpoint,
    "answers_a_foreign_checkpoint": _answers_a_foreign_checkpoint,
    "answers_success": _answers_success,
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _forward(self, upstream: str, body: bytes | None) -> bytes:
        """Sends the request on and its response back; returns the response's body."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        request = urllib.request.Request(upstream + self.path, data=body, headers=headers, method=self.command)
        try:
            response = urllib.request.urlopen(request, timeout=_NEXT_SECONDS)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            content = response.read()
            self._reply(response.status, content, response.headers)
        return content

    def _reply(self, status: int, content: bytes, headers) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class RuntimeApi(_Handler):
    """The Runtime API, with falsified answers."""

    answer = None
    batch: list[str] = []

    def do_GET(self):
        event = json.loads(self._forward(_RUNTIME_API, None))
        type(self).batch = [record["kinesis"]["sequenceNumber"] for record in event["Records"]]

    def do_POST(self):
        body = self._body()
        if self.path.endswith("/response"):
            body = json.dumps(type(self).answer(json.loads(body), self.batch)).encode()
        self._forward(_RUNTIME_API, body)


class ForgetfulSqs(_Handler):
    """SQS, which says that it took what was sent to the quarantine queue, and did not."""

    def do_POST(self):
        body = self._body()
        request = json.loads(body)
        if request.get("QueueUrl", "").rpartition("/")[2] != _QUARANTINE_QUEUE:
            self._forward(os.environ["AWS_ENDPOINT_URL"], body)
            return
        successful = [_acknowledged(entry) for entry in request.get("Entries", [])]
        content = json.dumps({"Successful": successful, "Failed": []}).encode()
        self._reply(200, content, {"Content-Type": "application/x-amz-json-1.0"})


def _acknowledged(entry: dict) -> dict:
    digest = hashlib.md5(entry["MessageBody"].encode()).hexdigest()
    return {"Id": entry["Id"], "MessageId": "forgotten", "MD5OfMessageBody": digest}


def _serve(handler: type[_Handler], **attributes) -> str:
    """Serves on a loopback port until the process ends; returns the address."""
    attributes = {name: staticmethod(value) for name, value in attributes.items()}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type(handler.__name__, (handler,), attributes))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_port}"


_HOP_BY_HOP = {"host", "content-length", "connection", "transfer-encoding"}

if __name__ == "__main__":
    sys.exit(main())
