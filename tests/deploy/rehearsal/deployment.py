"""Deploys the template as anybody would, with `sam deploy`."""

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


@dataclass(frozen=True)
class Package:
    """What is deployed."""

    template: Path
    bootstrap: Path
    """The function's executable."""


def built() -> Package:
    """What the step `build` left."""
    bootstrap = BUILT_TEMPLATE.parent / "StreamDecryptor" / "bootstrap"
    if not (BUILT_TEMPLATE.exists() and bootstrap.exists()):
        raise StepFailed(f"{BUILT_TEMPLATE.relative_to(REPOSITORY)} is missing: run the step `build` first")
    return Package(BUILT_TEMPLATE, bootstrap)


def in_place_of_built(bootstrap: Path, work: Path) -> Package:
    """The template as it is, with the executable `bootstrap` as the function's code."""
    code = work / "code"
    code.mkdir()
    shutil.copy2(bootstrap, code / "bootstrap")
    (code / "bootstrap").chmod(0o755)
    template = work / "template.yaml"
    template.write_text(TEMPLATE.read_text().replace("CodeUri: .\n", f"CodeUri: {code}\n"))
    return Package(template, code / "bootstrap")


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
