"""Answers the URLs of nested templates as they would be without an emulator: `sam delete` takes no others.

`sam deploy` names a nested template by its endpoint for S3, which is this emulator's address, where AWS's begins with https://s3.
"""

import re

from localstack.runtime import hooks

_EMULATOR = re.compile(rb"http://127\.0\.0\.1:[0-9]+/")


@hooks.on_infra_start()
def answer_urls_of_s3():
    """Adds the replacement to the handlers that see every response."""
    from localstack.aws import handlers

    handlers.run_custom_response_handlers.append(_answer_urls_of_s3)


def _answer_urls_of_s3(_chain, context, response):
    if context.operation is None or context.is_internal_call:
        return
    if (context.service.service_name, context.operation.name) == ("cloudformation", "GetTemplate"):
        address = f"https://s3.{context.region}.amazonaws.com/".encode()
        response.set_data(_EMULATOR.sub(address, response.get_data()))
