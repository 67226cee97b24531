"""Deploys the template as anybody would, with `sam deploy`."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from .aws import client
from .failure import StepFailed
from .layout import BUILT_TEMPLATE, REPOSITORY, TEMPLATE, TOOLS
from .processes import run

_DEPLOY_SECONDS = 300


@dataclass(frozen=True)
class Stack:
    """A deployed stack."""

    name: str
    outputs: dict[str, str]
    parameters: dict[str, str]

    def function(self, logical_id: str = "StreamDecryptor") -> str:
        """The name of a function."""
        return self.outputs[f"{logical_id}Name"]

    def functions(self) -> list[str]:
        """The names of all functions."""
        return [value for key, value in self.outputs.items() if key in ("StreamDecryptorName", "RecordEncryptorName")]


@dataclass(frozen=True)
class Package:
    """What is deployed."""

    template: Path
    executables: dict[str, Path]
    """The functions' executables by logical id."""


def built() -> Package:
    """What the step `build` left."""
    executables = {logical_id: BUILT_TEMPLATE.parent / logical_id / "bootstrap" for logical_id in functions()}
    if not all(path.exists() for path in (BUILT_TEMPLATE, *executables.values())):
        raise StepFailed(f"{BUILT_TEMPLATE.relative_to(REPOSITORY)} is missing or not whole: run the step `build` first")
    return Package(BUILT_TEMPLATE, executables)


def in_place_of_built(binaries: Path, work: Path) -> Package:
    """The template as it is, with executables of the folder `binaries` as the functions' code."""
    template, executables = TEMPLATE.read_text(), {}
    for logical_id, binary in functions().items():
        if not (binaries / binary).exists():
            raise StepFailed(f"there is no {binary} in {binaries}")
        code = work / "code" / logical_id
        code.mkdir(parents=True)
        executables[logical_id] = code / "bootstrap"
        shutil.copy2(binaries / binary, executables[logical_id])
        before, declaration, after = template.partition(f"        Binary: {binary}\n")
        template = before + declaration + after.replace("CodeUri: .\n", f"CodeUri: {code}\n", 1)
    (work / "template.yaml").write_text(template)
    return Package(work / "template.yaml", executables)


def functions() -> dict[str, str]:
    """The functions of the template: their binaries by logical id."""
    function = re.compile(r"^  (\w+):\n    Type: AWS::Serverless::Function$.*?^        Binary: (\S+)$", re.M | re.S)
    return dict(function.findall(TEMPLATE.read_text()))


def deploy(name: str, template: Path, bucket: str, parameters: dict[str, str], work: Path) -> Stack:
    """Deploys through the artifact bucket `bucket`, and reads the outputs."""
    command = [TOOLS / "bin" / "sam", "deploy", "--template-file", template, "--stack-name", name]
    command += ["--s3-bucket", bucket, "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar"]
    command += ["--parameter-overrides"]
    command += [f"ParameterKey={key},ParameterValue={value}" for key, value in parameters.items()]
    run(command, work / f"deploy-{name}.log", _DEPLOY_SECONDS, cwd=work)
    stack = client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return Stack(name, outputs, parameters)
