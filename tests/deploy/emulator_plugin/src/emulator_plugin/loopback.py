"""Keeps the gateway off the network: LocalStack reads the host of GATEWAY_LISTEN and then binds every interface."""

import functools

from localstack.runtime import hooks


@hooks.on_runtime_create()
def bind_only_loopback():
    """Makes Twisted's listening endpoints bind 127.0.0.1."""
    from twisted.internet import endpoints

    endpoints.TCP4ServerEndpoint = functools.partial(endpoints.TCP4ServerEndpoint, interface="127.0.0.1")
