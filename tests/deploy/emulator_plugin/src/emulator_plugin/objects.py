"""Keeps the objects of S3 beside this emulator's other files: LocalStack puts those of all emulators into one folder of /tmp."""

import os

from localstack.runtime import hooks


@hooks.on_infra_start()
def keep_objects_apart():
    """Replaces the folder, before the provider that reads it exists."""
    from localstack.services.s3 import provider

    provider.DEFAULT_S3_TMP_DIR = os.path.join(os.environ["TMPDIR"], "objects")
