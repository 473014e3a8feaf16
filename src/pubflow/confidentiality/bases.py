"""What the check rests on in one office: its detection rules, public facts and grounds, as they hold today."""

import datetime as dt
import hashlib
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from pubflow.confidentiality.grounds import FILE as GROUNDS
from pubflow.confidentiality.grounds import Grounds, load_grounds
from pubflow.confidentiality.lexicon import Lexicon
from pubflow.confidentiality.lexicons import lexicon_on, lexicons_digest
from pubflow.confidentiality.public_facts import FILE as FACTS
from pubflow.confidentiality.public_facts import PublicFacts, load_public_facts
from pubflow.confidentiality.scan import Rules, ScanFinding, load_rules, scan
from pubflow.moments import SHANGHAI
from pubflow.office.office import Office
from pubflow.office.protected_tables import protection_rules

RULES = "rules/confidentiality.toml"


@lru_cache(maxsize=8)
def _rules(path: Path, changed: int, day: dt.date) -> Rules:  # noqa: ARG001 - a changed file is read again
    return load_rules(path).valid_on(day)


def today(now: datetime) -> dt.date:
    """The day in Shanghai."""
    return now.astimezone(SHANGHAI).date()


def rules_of(office: Office, now: datetime) -> Rules:
    """The office's detection rules that hold today. Raises BadInput naming file, key and remedy."""
    path = office.settings.folder / RULES
    return _rules(path, path.stat().st_mtime_ns if path.exists() else 0, today(now))


def facts_of(office: Office) -> PublicFacts:
    """The office's public facts. Raises BadInput naming file, entry, key and remedy."""
    return load_public_facts(office.settings.folder / FACTS)


def grounds_of(office: Office) -> Grounds:
    """The office's grounds for decisions. Raises BadInput naming file, entry, key and remedy."""
    return load_grounds(office.settings.folder / GROUNDS)


def lexicon_of(office: Office, now: datetime) -> Lexicon | None:
    """The terms of the office's lexicons that hold today; None without any. Raises BadInput."""
    return lexicon_on(office.settings.folder, today(now))


def scan_text(office: Office, text: str, now: datetime, rules: Rules | None = None) -> list[ScanFinding]:
    """The findings in a text by the office's rules (or others), its lexicons and its public facts of today."""
    lexicon = lexicon_of(office, now)
    return scan(text, rules or rules_of(office, now), lexicon, facts=facts_of(office), day=today(now))


def rules_digest(office: Office, now: datetime) -> str:
    """SHA-256 over the rules, facts and terms that hold today: it changes with a file, and with a date in one."""
    facts = sorted(one.model_dump_json() for one in facts_of(office).facts if one.covers_on(today(now)))
    terms = lexicons_digest(office.settings.folder, today(now))
    tables = repr(protection_rules(office, now))
    return hashlib.sha256(
        "\n".join((rules_of(office, now).model_dump_json(), terms, tables, *facts)).encode()
    ).hexdigest()
