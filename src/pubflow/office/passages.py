"""Finding a passage again in another version of a text. Pure."""


def places(text: str, passage: str) -> list[int]:
    """Where `passage` begins in `text`, overlapping ones too."""
    found, at = [], text.find(passage)
    while at >= 0:
        found.append(at)
        at = text.find(passage, at + 1)
    return found


def place_in(text: str, passage: str, *, nth: int, of: int) -> tuple[int, int] | None:
    """Where the `nth` (from 0) of once `of` equal passages stands now, from and to.

    None when it cannot be told for certain: the passage was changed, or there are more or fewer of its like.
    """
    found = places(text, passage)
    if not found or len(found) != of:
        return None
    return found[nth], found[nth] + len(passage)
