"""How many may watch at once in one process, in all and each person."""

import threading
import time
import uuid
from typing import Literal

from django.conf import settings

UNUSED_S = 30.0
"""So long a place is kept whose stream has not begun: its client may be gone before it does."""


class TooManyWatched(Exception):
    """The person watches as many executions as one may: `limit` of them."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class AllPlacesTaken(Exception):
    """The process shows live output, or events, to as many as it can."""


class Place:
    """One client's place. Giving it back twice is no harm."""

    def __init__(self, places: "Places", user_id: uuid.UUID) -> None:
        self._places = places
        self.user_id = user_id
        self.unused_since: float | None = time.monotonic()

    def use(self) -> None:
        """Take in that its stream has begun: from now on only giving it back ends it."""
        self.unused_since = None

    def give_back(self) -> None:
        """Leave it to the next."""
        self._places.drop(self)


class Places:
    """The places of one process for live output or for events. Requests take them in threads of their own."""

    def __init__(self, kind: Literal["live", "event"] = "live") -> None:
        self._kind = kind
        self._taken: set[Place] = set()
        self._lock = threading.Lock()

    def take(self, user_id: uuid.UUID) -> Place:
        """Return a place. Raises TooManyWatched or AllPlacesTaken."""
        in_all, of_one = self._limits()
        with self._lock:
            self._forget_unused()
            if sum(place.user_id == user_id for place in self._taken) >= of_one:
                raise TooManyWatched(of_one)
            if len(self._taken) >= in_all:
                raise AllPlacesTaken
            place = Place(self, user_id)
            self._taken.add(place)
            return place

    def drop(self, place: Place) -> None:
        """Take a place back."""
        with self._lock:
            self._taken.discard(place)

    def _limits(self) -> tuple[int, int]:
        chosen = settings.ORCHESTRATOR
        if self._kind == "live":
            return chosen.live_clients, chosen.live_clients_per_user
        return chosen.event_clients, chosen.event_clients_per_user

    def _forget_unused(self) -> None:
        now = time.monotonic()
        self._taken = {
            place
            for place in self._taken
            if place.unused_since is None or now - place.unused_since < UNUSED_S
        }


PLACES = Places("live")
EVENT_PLACES = Places("event")
