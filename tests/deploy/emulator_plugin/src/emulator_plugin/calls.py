"""Records which API calls each function makes."""

import hashlib
import re

from localstack.runtime import hooks

from . import journal

_ACCESS_KEY_ID = re.compile(r"Credential=([^/]+)/")

# The functions by the access key of their sandbox. Written when a sandbox starts, read at every call.
functions_by_access_key: dict[str, str] = {}


@hooks.on_infra_start()
def record_calls():
    """Adds the recorder to the handlers that see every response."""
    from localstack.aws import handlers

    handlers.run_custom_response_handlers.append(_record)


def _record(_chain, context, response):
    if context.operation is None or context.is_internal_call:
        return
    credential = _ACCESS_KEY_ID.search(context.request.headers.get("Authorization", ""))
    function = functions_by_access_key.get(credential.group(1)) if credential else None
    if function is None:
        return
    request = context.service_request or {}
    exception = context.service_exception
    journal.write(
        "call",
        function=function,
        service=context.service.service_name,
        operation=context.operation.name,
        status=response.status_code,
        error=exception.code if exception else None,
        resource=_resource(request),
        data_key=_data_key(request),
        accepted=_accepted(request, context.service_response) if response.status_code == 200 else None,
    )


def _resource(request) -> str | None:
    """The queue, stream, bucket or key that a request names."""
    names = ("QueueUrl", "StreamARN", "StreamName", "DeliveryStreamName", "Bucket", "KeyId", "logGroupName")
    resource = next((request[name] for name in names if request.get(name)), None)
    if resource and request.get("Bucket") and request.get("Key"):
        return f"{resource}/{request['Key']}"
    return resource


def _data_key(request) -> str | None:
    """A name for the wrapped data key that a request wants unwrapped."""
    wrapped = request.get("CiphertextBlob")
    return hashlib.sha256(wrapped).hexdigest() if wrapped else None


def _accepted(request, response) -> int | None:
    """How many records a destination took of a request that may fail in part."""
    response = response or {}
    if "Entries" in request:
        return len(response.get("Successful") or [])
    if "Records" in request:
        return len(request["Records"]) - (response.get("FailedRecordCount") or response.get("FailedPutCount") or 0)
    return None
