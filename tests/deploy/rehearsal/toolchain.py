"""The steps before anything is deployed: the template's checks and the builds."""

import os
import platform
from pathlib import Path

from .commands import check_commands
from .failure import StepFailed
from .layout import BUILT_TEMPLATE, CACHES, CHECKOV, REGION, REPOSITORY, TEMPLATE, TOOLS
from .parameters import check_parameters
from .processes import run
from .templates import all_templates, applications

_CHECK_SECONDS = 180
# A clean release build takes ten minutes on two slow cores.
_BUILD_SECONDS = 3_600

# e_machine of ELF.
_X86_64, _AARCH64 = 62, 183

_SAM = TOOLS / "bin" / "sam"
_ENVIRONMENT = {**CACHES, "AWS_DEFAULT_REGION": REGION, "SAM_CLI_TELEMETRY": "0", "AWS_EC2_METADATA_DISABLED": "true"}


def lint(work: Path) -> None:
    """Of every template: `sam validate --lint`, cfn-lint by itself, which knows more Regions, checkov, its parameters and rules.
    The commands that the pages tell. And zizmor for what only GitHub can run."""
    for name, template in all_templates().items():
        sam = [_SAM, "validate", "--lint", "--template-file", template]
        run(sam, work / f"validate-{name}.log", _CHECK_SECONDS, REPOSITORY, _ENVIRONMENT)
        cfn_lint = [TOOLS / "bin" / "cfn-lint", "--regions", REGION, "us-east-1", "--template", template]
        run(cfn_lint, work / f"cfn-lint-{name}.log", _CHECK_SECONDS)
        # It would ask its maker's server for texts about its findings.
        checkov = [CHECKOV / "bin" / "checkov", "--framework", "cloudformation", "--skip-download", "--file", template]
        run(checkov, work / f"checkov-{name}.log", _CHECK_SECONDS)
    check_parameters()
    check_commands()
    run([TOOLS / "bin" / "zizmor", "--offline", REPOSITORY / ".github" / "workflows"], work / "zizmor.log", _CHECK_SECONDS)


def build(work: Path) -> None:
    """`sam build` for the processor of this machine, so that the binaries that are deployed run here."""
    command = [_SAM, "build", "--template-file", TEMPLATE, "--build-dir", BUILT_TEMPLATE.parent]
    command += ["--parameter-overrides", f"ParameterKey=Architecture,ParameterValue={architecture()}"]
    run(command, work / "build.log", _BUILD_SECONDS, REPOSITORY, _with_cargo_lambda())


def build_for_other_architecture(work: Path) -> None:
    """A release build for the other processor: it cannot run here, but it must build."""
    flag, machine = ("--x86-64", _X86_64) if architecture() == "arm64" else ("--arm64", _AARCH64)
    run(
        ["cargo", "lambda", "build", "--release", flag],
        work / "build-other.log",
        _BUILD_SECONDS,
        REPOSITORY,
        _with_cargo_lambda(),
    )
    for binary in applications().values():
        built = REPOSITORY / "target" / "lambda" / binary / "bootstrap"
        if _machine(built) != machine:
            raise StepFailed(f"{built} is built for the machine {_machine(built)}, not {machine}")


def _machine(executable: Path) -> int:
    """The processor in an ELF header."""
    with executable.open("rb") as file:
        return int.from_bytes(file.read(20)[18:20], "little")


def throttling_proxy(work: Path) -> Path:
    """Builds the quota between the functions and KMS; returns the executable."""
    command = ["cargo", "build", "--quiet", "--package", "local-stack", "--bin", "throttling-proxy"]
    run(command, work / "build-throttling-proxy.log", _BUILD_SECONDS, REPOSITORY)
    return REPOSITORY / "target" / "debug" / "throttling-proxy"


def architecture() -> str:
    """This machine's processor by Lambda's name."""
    return "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"


def _with_cargo_lambda() -> dict[str, str]:
    return {**_ENVIRONMENT, "PATH": f"{TOOLS / 'bin'}{os.pathsep}{os.environ['PATH']}"}
