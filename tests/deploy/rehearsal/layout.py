"""Where things are."""

from pathlib import Path

TESTS_DEPLOY = Path(__file__).resolve().parent.parent
REPOSITORY = TESTS_DEPLOY.parent.parent
TOOLS = TESTS_DEPLOY / ".venv" / "tools"
CHECKOV = TESTS_DEPLOY / ".venv" / "checkov"
EMULATOR = TESTS_DEPLOY / ".venv" / "emulator"
TEMPLATE = REPOSITORY / "template.yaml"
MONITORING = REPOSITORY / "monitoring.yaml"
SAM_CONFIGURATION = REPOSITORY / "samconfig.toml"
BUILT_TEMPLATE = REPOSITORY / ".aws-sam" / "build" / "template.yaml"

# Where the tools keep what they want to find again: nothing of it is left outside the repository.
CACHES = {
    "CARGO_ZIGBUILD_CACHE_DIR": str(REPOSITORY / "target" / "zigbuild"),
    "ZIG_GLOBAL_CACHE_DIR": str(REPOSITORY / "target" / "zig"),
    "__SAM_CLI_APP_DIR": str(TOOLS / "sam"),
}

REGION = "eu-central-1"
ACCOUNT = "000000000000"
