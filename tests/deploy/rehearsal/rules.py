"""The `Rules` of a template, evaluated as CloudFormation does."""

from collections.abc import Callable


def refusals(template: dict, parameters: dict[str, str]) -> list[str]:
    """The names of the rules that refuse `parameters`, the others being at their defaults."""
    defaults = {name: str(parameter["Default"]) for name, parameter in template["Parameters"].items() if "Default" in parameter}
    missing = template["Parameters"].keys() - defaults.keys() - parameters.keys()
    unknown = parameters.keys() - template["Parameters"].keys()
    if missing or unknown:
        raise KeyError(f"parameters without a value: {sorted(missing)}; that do not exist: {sorted(unknown)}")
    values = defaults | parameters
    return [name for name, rule in template.get("Rules", {}).items() if not _holds(rule, values)]


def _holds(rule: dict, values: dict[str, str]) -> bool:
    if "RuleCondition" in rule and not _value(rule["RuleCondition"], values):
        return True
    return all(_value(assertion["Assert"], values) for assertion in rule["Assertions"])


def _value(expression, values: dict[str, str]):
    match expression:
        case {"Ref": name}:
            return values[name]
        case dict():
            [(function, arguments)] = expression.items()
            # As CloudFormation: only these functions exist in rules (of those that the templates use), and no other condition.
            return _FUNCTIONS[function]([_value(argument, values) for argument in arguments])
        case _:
            return str(expression)


_FUNCTIONS: dict[str, Callable[[list], bool]] = {
    "Fn::And": all,
    "Fn::Or": any,
    "Fn::Not": lambda arguments: not arguments[0],
    "Fn::Equals": lambda arguments: arguments[0] == arguments[1],
}
