"""What a decision is about: rule, value and clause, under the office's key. It lives while all three stay the same."""

import unicodedata

from pubflow.vault import Vault

# A clause ends where a sentence or a line does, or a table's cell; a comma joins what belongs together.
_ENDS = "。！？!?；;\n\r\f|"
_LONGEST = 2000  # code points on each side: a text without any full stop is no single clause


def clause_of(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the clause of a place begins and ends (code points, end exclusive), the place always inside."""
    begin, lowest = start, max(0, start - _LONGEST)
    while begin > lowest and text[begin - 1] not in _ENDS:
        begin -= 1
    finish, highest = end, min(len(text), end + _LONGEST)
    while finish < highest and text[finish] not in _ENDS:
        finish += 1
    return begin, finish


def normal_value(value: str) -> str:
    """NFKC, upper case, without blanks, hyphens and signs that nobody sees: 138-1234 5678 is １３８12345678."""
    folded = unicodedata.normalize("NFKC", value).upper()
    return "".join(sign for sign in folded if unicodedata.category(sign) not in ("Zs", "Cf", "Cc", "Pd"))


def life_of(vault: Vault, rule: str, text: str, start: int, end: int) -> str:
    """The keyed fingerprint of a finding (HMAC-SHA256, 64 hexadecimal digits): rule, normal value, and clause.

    The value's place in its clause counts too. Blanks at the clause's ends do not; any other change makes another
    fingerprint, and a decision on the old one dies.
    """
    begin, finish = clause_of(text, start, end)
    before, after = text[begin:start].lstrip(), text[end:finish].rstrip()
    # The parts are told apart by their lengths, so that no text can move a sign from one part into the next.
    parts = (rule, normal_value(text[start:end]), before, after)
    return vault.fingerprint("finding\n" + "".join(f"{len(part)}:{part}\n" for part in parts))
