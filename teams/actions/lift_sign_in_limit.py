"""Letting somebody try again who is kept from signing in by tries, their own or strangers'."""

from teams.actions.audit import audited
from teams.actions.second_factor import tries_name
from teams.actions.sign_in_limit import Standing, find_standing, forget_all_tries
from teams.models import User


@audited("sign_in_limit_lifted", about="person")
def lift_sign_in_limit(*, person: User, by: User) -> None:
    """Forget the tries of their password and of their second factor. Raises RedisError without Redis."""
    forget_all_tries(person.get_username())
    forget_all_tries(tries_name(person))


def standing_of(person: User) -> tuple[Standing, Standing]:
    """Return how their password and their second factor stand. Raises RedisError without Redis."""
    return find_standing(person.get_username()), find_standing(tries_name(person))
