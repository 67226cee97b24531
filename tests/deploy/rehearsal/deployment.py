"""Deploys templates as anybody would, with `sam deploy`."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from samcli.yamlhelper import yaml_dump, yaml_parse

from .aws import client
from .failure import StepFailed
from .layout import BUILT_TEMPLATE, MONITORING, REPOSITORY, TEMPLATE, TOOLS
from .processes import run
from .templates import applications, function_template

_DEPLOY_SECONDS = 300

# What samconfig.toml says, too: roles are made, and nested applications.
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


@dataclass(frozen=True)
class Stack:
    """A deployed stack. Its outputs have the names that the root template gives them."""

    name: str
    outputs: dict[str, str]
    parameters: dict[str, str]

    def function(self, application: str = "StreamDecryptor") -> str:
        """The name of a function."""
        return self.outputs[f"{application}Name"]

    def functions(self) -> list[str]:
        """The names of all functions."""
        return [value for key, value in self.outputs.items() if key in ("StreamDecryptorName", "RecordEncryptorName")]


@dataclass(frozen=True)
class Package:
    """What is deployed."""

    template: Path
    """The root's."""
    function_templates: dict[str, Path]
    """The functions' own, by the logical id of their application in the root template."""
    executables: dict[str, Path]
    """The functions' executables, by the same."""


def built() -> Package:
    """What the step `build` left."""
    folders = {application: BUILT_TEMPLATE.parent / application for application in applications()}
    templates = {application: folder / "template.yaml" for application, folder in folders.items()}
    executables = {application: folder / "Function" / "bootstrap" for application, folder in folders.items()}
    if not all(path.exists() for path in (BUILT_TEMPLATE, *templates.values(), *executables.values())):
        raise StepFailed(f"{BUILT_TEMPLATE.relative_to(REPOSITORY)} is missing or not whole: run the step `build` first")
    return Package(BUILT_TEMPLATE, templates, executables)


def in_place_of_built(binaries: Path, work: Path) -> Package:
    """The templates as they are, with executables of the folder `binaries` as the functions' code."""
    package = work / "package"
    templates, executables = {}, {}
    for application, function in applications().items():
        if not (binaries / function).exists():
            raise StepFailed(f"there is no {function} in {binaries}")
        folder = package / "functions" / function
        (folder / "code").mkdir(parents=True)
        executables[application] = folder / "code" / "bootstrap"
        shutil.copy2(binaries / function, executables[application])
        templates[application] = folder / "template.yaml"
        source = function_template(function).read_text()
        if source.count("      CodeUri: ../..\n") != 1:
            raise StepFailed(f"the template of {function} does not name the repository as its code")
        templates[application].write_text(source.replace("      CodeUri: ../..\n", "      CodeUri: code\n"))
    for template in (TEMPLATE, MONITORING):
        shutil.copy2(template, package)
    return Package(package / TEMPLATE.name, templates, executables)


def with_parameters(template: Path, application: str, parameters: dict[str, str]) -> Path:
    """A copy of the root's template that also gives `application` these parameters, as its users are told to."""
    content = yaml_parse(template.read_text())
    content["Resources"][application]["Properties"]["Parameters"] |= parameters
    # Beside the original, because what it is composed of is found from there.
    copy = template.with_name(f"with-{'-'.join(parameters)}.yaml")
    copy.write_text(yaml_dump(content))
    return copy


def deploy(name: str, template: Path, bucket: str, parameters: dict[str, str], work: Path) -> Stack:
    """Deploys through the artifact bucket `bucket`, and reads the outputs."""
    command = [TOOLS / "bin" / "sam", "deploy", "--template-file", template, "--stack-name", name]
    command += ["--s3-bucket", bucket, "--capabilities", *_CAPABILITIES, "--no-confirm-changeset", "--no-progressbar"]
    # In a file, as in samconfig.toml: on the command line, SAM CLI takes quotation marks away.
    overrides = work / f"parameters-{name}.yaml"
    overrides.write_text(json.dumps(parameters))  # which is YAML, too
    command += ["--parameter-overrides", f"file://{overrides}"]
    run(command, work / f"deploy-{name}.log", _DEPLOY_SECONDS, cwd=work)
    return Stack(name, outputs(name), parameters)


def outputs(stack_name: str) -> dict[str, str]:
    """The outputs of a deployed stack."""
    stack = client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
