"""Where things are."""

from pathlib import Path

TESTS_DEPLOY = Path(__file__).resolve().parent.parent
REPOSITORY = TESTS_DEPLOY.parent.parent
TOOLS = TESTS_DEPLOY / ".venv" / "tools"
EMULATOR = TESTS_DEPLOY / ".venv" / "emulator"
TEMPLATE = REPOSITORY / "template.yaml"
BUILT_TEMPLATE = REPOSITORY / ".aws-sam" / "build" / "template.yaml"

REGION = "eu-central-1"
ACCOUNT = "000000000000"
