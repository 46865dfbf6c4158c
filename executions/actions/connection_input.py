"""What people give for a connection: its name, its address and its credential, checked alike everywhere."""

from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from executions.actions.check_base_url import check_own_base_url, clean_base_url
from executions.agent_service import AgentServiceError, SecretText
from executions.suna.credential import SunaCredential, check_credential
from teams.actions.refusal import InvalidInput, Refusal, input_problem
from teams.models import SunaConnection, User

MAX_URL_CHARS = 500
MAX_CREDENTIAL_CHARS = 8192


class ConnectionNameTaken(Refusal):
    """The owner, or the site, has a connection of that name already."""

    code = "name_taken"


def check_address(base_url: str, *, owner: User | None) -> str:
    """Return the address as it is stored; the resolver is asked. Raises AddressRefused and InvalidInput."""
    cleaned = clean_base_url(base_url)
    if len(cleaned) > MAX_URL_CHARS:
        raise input_problem("/base_url", "too_large", f"An address has at most {MAX_URL_CHARS} characters.")
    if owner is not None:
        check_own_base_url(cleaned)
    return cleaned


@sensitive_variables()
def clean_bearer(bearer: str) -> str:
    """Return a bearer token as it is sent. What people copy along with it, its scheme, is taken off."""
    token = bearer.strip()
    if token[:7].lower() == "bearer ":
        token = token[7:].strip()
    return _checked(token, pointer="/bearer")


@sensitive_variables()
def clean_api_key(api_key: str) -> str:
    """Return an API key as it is sent: its public and its secret part, joined by a colon."""
    key = _checked(api_key.strip(), pointer="/api_key")
    if key and not all(key.partition(":")):
        message = "An API key is its public and its secret part, joined by a colon: pk_...:sk_..."
        raise input_problem("/api_key", "invalid_value", message)
    return key


def save_named(connection: SunaConnection, *, update_fields: list[str] | None) -> None:
    """Save the row; all of it where `update_fields` is None. Raises ConnectionNameTaken."""
    try:
        with transaction.atomic():
            connection.save(update_fields=update_fields)
    except IntegrityError as error:
        if "suna_connection_name_once" not in str(error):
            raise
        message = f"There is a connection called {connection.name} already. Choose another name."
        raise ConnectionNameTaken(message) from None


@sensitive_variables()
def _checked(secret: str, *, pointer: str) -> str:
    problem: InvalidInput | None = None
    try:
        check_credential(SunaCredential(bearer=SecretText(secret) if secret else None))
    except AgentServiceError:
        message = "It holds characters that cannot be sent, or is too long. Copy it again."
        problem = input_problem(pointer, "invalid_value", message)
    if problem is not None:
        raise problem
    return secret
