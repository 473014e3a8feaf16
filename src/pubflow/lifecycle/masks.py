"""What still holds of a text that differs from the reviewed one by accepted masks alone (design decision 4). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# The one review such a text goes to: the head of the own section confirms the difference.
CONFIRM_DIFFERENCE = "confirm_difference"
CONFIRM_ROUND = 0  # the rounds of a workflow begin at 1, so that no quorum of theirs counts here


@dataclass(frozen=True)
class ReviewedTexts:
    """The texts of an edition by digest, as far as department review knows them.

    whole: texts that passed every department review. confirmed: texts whose difference was confirmed.
    masks_of: for a text made by accepting proposals alone, the text on which they were made.
    """

    whole: frozenset[str] = frozenset()
    confirmed: frozenset[str] = frozenset()
    masks_of: Mapping[str, str] = field(default_factory=dict)

    def line_of(self, digest: str) -> tuple[str, ...]:
        """A text and those it was masked from, newest first."""
        line = [digest]
        while (before := self.masks_of.get(line[-1])) is not None and before not in line:
            line.append(before)
        return tuple(line)

    def passed(self, digest: str) -> bool:
        """Reviewed whole, or every difference on the way from a text that was."""
        for text in self.line_of(digest):
            if text in self.whole:
                return True
            if text not in self.confirmed:
                return False
        return False

    def difference_from(self, digest: str) -> str | None:
        """The reviewed text from which only the difference is to be confirmed; None when the whole text is."""
        line = self.line_of(digest)
        if digest in self.whole or len(line) == 1 or not self.passed(line[1]):
            return None
        return line[1]
