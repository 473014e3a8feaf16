"""Check digits of the national standards. Pure arithmetic on characters that are already plain."""

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999, 5.4
_CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015, 4: without I, O, S, V, Z
_CREDIT_VALUES = {sign: value for value, sign in enumerate(_CREDIT_SIGNS)}
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714-1997, 4


def check_digit(first17: str) -> str:
    """The 18th character of a resident identity number (ISO 7064 MOD 11-2)."""
    total = 0
    for digit, weight in zip(first17, _ID_WEIGHTS, strict=True):
        total += int(digit) * weight
    return "10X98765432"[total % 11]


def luhn(digits: str) -> bool:
    """Whether the last digit is right (ISO/IEC 7812-1, annex B)."""
    total = 0
    for digit in digits[-1::-2]:
        total += int(digit)
    for digit in digits[-2::-2]:
        twice = int(digit) * 2
        total += twice - 9 if twice > 9 else twice
    return total % 10 == 0


def is_credit_code(code: str) -> bool:
    """Whether 18 characters are a unified social credit code 统一社会信用代码 with the right check sign (GB 32100)."""
    total = 0
    try:
        for sign, weight in zip(code[:17], _CREDIT_WEIGHTS, strict=True):
            total += _CREDIT_VALUES[sign] * weight
    except (KeyError, ValueError):
        return False
    return len(code) == 18 and _CREDIT_SIGNS[-total % 31] == code[17]


def is_organisation_code(code: str) -> bool:
    """Whether 9 characters, without the hyphen, are an organisation code 组织机构代码 (GB 11714)."""
    if len(code) != 9 or not code.isascii() or not code.isalnum():
        return False
    total = 0
    for sign, weight in zip(code[:8], _ORGANISATION_WEIGHTS, strict=True):
        total += int(sign, 36) * weight
    return "0123456789X"[-total % 11] == code[8]
