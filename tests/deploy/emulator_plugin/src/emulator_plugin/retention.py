"""Makes LocalStack keep what CloudFormation keeps of a deleted stack: it knows `Retain`, and not `RetainExceptOnCreate`."""

from types import SimpleNamespace

from localstack.runtime import hooks


class _Kept:
    """Equal to both policies that keep a resource of a deleted stack."""

    def __eq__(self, policy):
        return policy in ("Retain", "RetainExceptOnCreate")

    __hash__ = None


@hooks.on_infra_start()
def keep_what_is_retained_except_on_create():
    """Replaces what the executor compares deletion policies with."""
    from localstack.services.cloudformation.engine.v2 import change_set_model_executor

    change_set_model_executor.DeletionPolicy = SimpleNamespace(Retain=_Kept())
