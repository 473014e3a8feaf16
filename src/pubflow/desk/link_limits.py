"""How often one address may try links it does not have: kept in memory of the one API process, forgotten with it."""

import threading
from collections import OrderedDict
from datetime import datetime, timedelta

ADDRESSES = 10_000  # remembered at most; the one seen longest ago is forgotten first


class LinkLimits:
    """Counts wrong links by address. After `most` of them within `span` the address is refused for `span`."""

    def __init__(self, most: int, span: timedelta) -> None:
        self._most = most
        self._span = span
        self._wrong: OrderedDict[str, list[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def blocked(self, address: str, now: datetime) -> bool:
        """Whether this address has tried too many; a right link does not help it then."""
        with self._lock:
            return len(self._recent(address, now)) >= self._most

    def wrong(self, address: str, now: datetime) -> None:
        """Count one wrong link."""
        with self._lock:
            self._wrong[address] = [*self._recent(address, now), now][-self._most :]
            self._wrong.move_to_end(address)
            if len(self._wrong) > ADDRESSES:
                self._wrong.popitem(last=False)

    def _recent(self, address: str, now: datetime) -> list[datetime]:
        return [at for at in self._wrong.get(address, ()) if at > now - self._span]
