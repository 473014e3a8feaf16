"""A finding's value as lists, logs and letters may show it."""

_HEAD_AND_TAIL = {"CN_ID": (6, 4), "MOBILE": (3, 4), "BANK_CARD": (0, 4), "USCC": (4, 2), "LANDLINE": (4, 2)}
_MARKS = frozenset({"SECRET_MARK", "SECRET_FIELD", "SECRET_DOCNO", "COPY_NO"})
_PASSAGES = frozenset({"ENT_DATA", "HOUSEHOLD", "ADDRESS"})


def masked(kind: str, value: str) -> str:
    """`value` of the type `kind`, short enough for a list and without what makes it secret."""
    if kind in _MARKS:
        return "〔标志〕"
    if kind == "INTERNAL_MARK":
        return value[:60]
    if kind == "EMAIL":
        name, sign, domain = value.partition("@")
        return f"{name[:1]}***{sign}{domain}"
    if kind in _HEAD_AND_TAIL:
        head, tail = _HEAD_AND_TAIL[kind]
        signs = "".join(sign for sign in value if sign.isalnum())
        return signs[:head] + "*" * max(4, len(signs) - head - tail) + signs[len(signs) - tail :]
    if kind in _PASSAGES:
        return value[:4] + "…" if len(value) > 8 else value[:1] + "…"
    return value[:1] + "*" * min(12, max(1, len(value) - 1))
