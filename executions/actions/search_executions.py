"""Which executions a search for words finds; the pages and the API ask the same."""

import re
import uuid

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q

from executions.models import PromptWords
from teams.models import Team, User

_WORD = re.compile(r"[^\W_]+")


def holding(words: str, user: User) -> Q:
    """Return what finds an id, else prompts with words that begin like each of these, or a team's name.

    Only teams that the user sees are looked at. Words without a letter or digit find nothing but names.
    """
    try:
        return Q(pk=uuid.UUID(words))
    except ValueError:
        pass
    # The names first: a condition over two tables would have every row looked at.
    named = list(
        Team.objects.for_user(user).filter(name__icontains=words).order_by().values_list("pk", flat=True)
    )
    found = Q(team__in=named) if named else Q()
    begun = " & ".join(f"'{word}':*" for word in _WORD.findall(words))
    if not begun:
        return found or Q(pk__in=[])
    asked = SearchQuery(begun, config="simple", search_type="raw")
    return found | Q(pk__in=PromptWords.objects.filter(words=asked).values("execution"))
