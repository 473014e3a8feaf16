"""The rule files that the rooms read themselves, for `pubflow config check`: readable, and true to their sentences."""

from collections.abc import Callable
from pathlib import Path

from pubflow.confidentiality.grounds import FILE as GROUNDS
from pubflow.confidentiality.grounds import load_grounds
from pubflow.confidentiality.lexicons import FILE as LEXICONS
from pubflow.confidentiality.lexicons import load_lexicons
from pubflow.confidentiality.public_facts import FILE as FACTS
from pubflow.confidentiality.public_facts import disagreements, load_public_facts
from pubflow.confidentiality.scan import Rules, load_rules, scan
from pubflow.confidentiality.secret_marks import secret_marks_in_name
from pubflow.drafting.import_rules import load_import_rules
from pubflow.errors import BadInput
from pubflow.moments import SHANGHAI, utc_now
from pubflow.protection.rule_file import load_rules as load_protection
from pubflow.settings import ConfigError, Problem, load_settings

PROTECTION = "rules/protection.toml"
CONFIDENTIALITY, IMPORT = "rules/confidentiality.toml", "rules/import.toml"


def rule_file_problems(config: Path) -> list[Problem]:
    """Problems of the detection and import rules, the grounds, lexicons and public facts in the folder `config`."""
    found = [*_confidentiality(config / CONFIDENTIALITY), *_import(config / IMPORT)]
    lexicons = _of_room(config, LEXICONS, lambda _: load_lexicons(config))
    today = utc_now().astimezone(SHANGHAI).date()
    protection = _of_room(config, PROTECTION, lambda file: load_protection(file, today))
    return found + _of_room(config, GROUNDS, load_grounds) + lexicons + protection + _facts(config)


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


def _of_room(config: Path, name: str, load: Callable[[Path], object]) -> list[Problem]:
    """What a file of the room says of itself when it cannot be used."""
    try:
        load(config / name)
    except BadInput as error:
        return [Problem(name, error.where.removeprefix(str(config / name)).strip(), error.what, error.remedy)]
    return []


def _facts(config: Path) -> list[Problem]:
    """Public facts that cannot be used, or that disagree with bureau.toml."""
    if found := _of_room(config, FACTS, load_public_facts):
        return found
    facts, file = load_public_facts(config / FACTS), str(config / FACTS)
    try:
        odd = disagreements(facts, load_settings(config), config / FACTS)
    except ConfigError:
        return []  # told already, by the files it is about
    return [Problem(FACTS, one.where.removeprefix(file).strip(), one.what, one.remedy) for one in odd]


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
