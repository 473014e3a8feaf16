"""The rule files that the rooms read themselves, for `pubflow config check`: readable, and true to their sentences."""

from pathlib import Path

from pubflow.confidentiality.scan import Rules, load_rules, scan
from pubflow.confidentiality.secret_marks import secret_marks_in_name
from pubflow.drafting.import_rules import load_import_rules
from pubflow.errors import BadInput
from pubflow.settings import ConfigError, Problem

CONFIDENTIALITY, IMPORT = "rules/confidentiality.toml", "rules/import.toml"


def rule_file_problems(config: Path) -> list[Problem]:
    """Problems of the detection and import rules in the folder `config`."""
    return [*_confidentiality(config / CONFIDENTIALITY), *_import(config / IMPORT)]


def _confidentiality(file: Path) -> list[Problem]:
    """The file's own problems, else each sentence that a rule should hit or let pass and does not."""
    try:
        rules = load_rules(file)
    except BadInput as error:
        return [Problem(CONFIDENTIALITY, error.where.removeprefix(str(file)).strip(), error.what, error.remedy)]
    remedy = "Mend the rule, or the sentence if it was wrong"
    problems = []
    for rule in rules.rules:
        for sentence in rule.hits:
            if rule.id not in _found(sentence, rule.id, rules):
                problems.append(Problem(CONFIDENTIALITY, f"[{rule.id}].hits", f"it misses “{sentence}”", remedy))
        for sentence in rule.passes:
            if found := _found(sentence, rule.id, rules):
                what = f"“{sentence}” is found by {found[0]}"
                problems.append(Problem(CONFIDENTIALITY, f"[{rule.id}].passes", what, remedy))
    return problems


def _found(sentence: str, rule: str, rules: Rules) -> list[str]:
    """The rules that find something; the sentences of a rule for names are file names."""
    marks = secret_marks_in_name(sentence) if rule.endswith("-in-name") else scan(sentence, rules)
    return [mark.rule for mark in marks]


def _import(file: Path) -> list[Problem]:
    try:
        load_import_rules(file)
    except ConfigError as error:
        return list(error.problems)
    return []
