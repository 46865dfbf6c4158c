"""Every setting of Renum, in one file; each value from outside is read through env.py and refused when wrong.

Nothing here may depend on models or on a running service: reading the settings must always work.
"""

import datetime as dt
from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from renum_site.account_settings import *  # noqa: F403  its names are Django's
from renum_site.addresses import (
    NOWHERE,
    NOWHERE_REDIS,
    CacheTimeouts,
    build_cache,
    build_database,
    build_mail,
)
from renum_site.admin_settings import *  # noqa: F403  as above
from renum_site.api_settings import read_api_settings
from renum_site.embedded.errors import ServiceError
from renum_site.embedded.state import read_address
from renum_site.env import Env, EnvError, read_environment
from renum_site.local_secrets import read_or_make_secrets
from renum_site.openapi_settings import OPENAPI
from renum_site.orchestrator_settings import read_orchestrator_settings

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env(read_environment(BASE_DIR / ".env"))

RENUM_VAR_DIR = env.folder("RENUM_VAR_DIR", default=BASE_DIR / "var")

# Development or production. Whoever has chosen a SECRET_KEY deploys: only without one is DEBUG the default.
DEVELOPMENT = env.flag("DEBUG", default=env.find("SECRET_KEY") is None)
QUEUE_PROCESS = bool(env.text("Q_CLUSTER_NAME"))
# Django's DEBUG keeps every SQL statement in memory; the queue's long-lived processes go without.
DEBUG = DEVELOPMENT and not QUEUE_PROCESS

ALLOW_EMBEDDED = env.flag("RENUM_ALLOW_EMBEDDED", default=DEVELOPMENT)
ALLOW_SIMULATOR = env.flag("RENUM_ALLOW_SIMULATOR", default=DEVELOPMENT)
ALLOW_LOCAL_SECRETS = env.flag("RENUM_ALLOW_LOCAL_SECRETS", default=DEVELOPMENT)

# Secrets
_secret_key = env.secret("SECRET_KEY", min_length=32)
_encryption_keys = env.items("RENUM_ENCRYPTION_KEYS")
LOCAL_SECRETS_USED = _secret_key is None or not _encryption_keys
if LOCAL_SECRETS_USED and not ALLOW_LOCAL_SECRETS:
    _msg = "With DEBUG off, set SECRET_KEY and RENUM_ENCRYPTION_KEYS (or RENUM_ALLOW_LOCAL_SECRETS=1)."
    raise EnvError(_msg)
if any(len(key) < 32 for key in _encryption_keys):
    _msg = "Each key in RENUM_ENCRYPTION_KEYS must have at least 32 characters."
    raise EnvError(_msg)
if LOCAL_SECRETS_USED:
    _local = read_or_make_secrets(RENUM_VAR_DIR)
    _secret_key = _secret_key or _local.secret_key
    _encryption_keys = _encryption_keys or [_local.encryption_key]
SECRET_KEY: str = _secret_key or ""
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS")
# The first key encrypts, all of them decrypt. The field's library wants them as a list named SALT_KEY.
RENUM_ENCRYPTION_KEYS: list[str] = _encryption_keys
SALT_KEY = RENUM_ENCRYPTION_KEYS

# Services: PostgreSQL and Redis, given by address or embedded
_database_url = env.url("DATABASE_URL", schemes=("postgresql", "postgres"))
_redis_url = env.url("REDIS_URL", schemes=("redis", "rediss", "unix"))
EMBEDDED_SERVICES = frozenset(
    name for name, url in (("postgres", _database_url), ("redis", _redis_url)) if url is None
)
if EMBEDDED_SERVICES and not ALLOW_EMBEDDED:
    _msg = "With DEBUG off, set DATABASE_URL and REDIS_URL (or RENUM_ALLOW_EMBEDDED=1)."
    raise EnvError(_msg)
try:
    _postgres = read_address(RENUM_VAR_DIR, "postgres") if _database_url is None else None
    _redis = read_address(RENUM_VAR_DIR, "redis") if _redis_url is None else None
except ServiceError as error:
    raise EnvError(str(error)) from None
# Before the services' first start their addresses lead nowhere, and whoever needs one is told to start them.
DATABASE_URL: str = _database_url or (_postgres.postgres_url() if _postgres else NOWHERE)
REDIS_URL: str = _redis_url or (_redis.redis_url() if _redis else NOWHERE_REDIS)

STATEMENT_TIMEOUT_S = env.seconds("RENUM_STATEMENT_TIMEOUT_S", default=30, low=0, high=3600)
DATABASES: dict[str, dict[str, Any]] = {
    "default": build_database(
        DATABASE_URL,
        statement_timeout_s=STATEMENT_TIMEOUT_S,
        long_lived=QUEUE_PROCESS,
        test_name=env.find("RENUM_TEST_DATABASE"),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# How long a process that begins waits for PostgreSQL and Redis before it gives up.
WAIT_FOR_DB_S = env.seconds("RENUM_WAIT_FOR_DB_S", default=60, low=0, high=3600)

CACHES: dict[str, dict[str, Any]] = {
    "default": build_cache(REDIS_URL, prefix="renum", timeouts=CacheTimeouts()),
    # The queue's connection: BLPOP blocks for 1 s, and any error there costs its reader 10 s.
    "q2": build_cache(REDIS_URL, prefix="renum-q2", timeouts=CacheTimeouts(answer_s=10.0)),
    # The shared context: JSON only, and nothing in it expires on its own.
    "context": build_cache(
        REDIS_URL,
        prefix="renum-context",
        # A copy that can be rebuilt is not worth waiting for.
        timeouts=CacheTimeouts(connect_s=0.5, answer_s=0.5, ask_again=False),
        as_json=True,
        expires_s=None,
    ),
}

# The orchestrator and its queue
ORCHESTRATOR = read_orchestrator_settings(env)
# Finished executions and audit entries older than this are deleted by renum_prune; 0 keeps them for ever.
RETENTION_DAYS = env.whole("RENUM_RETENTION_DAYS", default=90, low=0, high=36_500)
AUDIT_DAYS = env.whole("RENUM_AUDIT_DAYS", default=730, low=0, high=36_500)
Q_CLUSTER: dict[str, Any] = {
    "name": "renum",
    "django_redis": "q2",
    "workers": env.whole("RENUM_QUEUE_WORKERS", default=2, low=1, high=64),
    "queue_limit": 4,
    "bulk": 1,
    "timeout": 300,
    "retry": 360,
    "ack_failures": True,
    "max_attempts": 3,
    "save_limit": -1,
    "recycle": 500,
    "max_rss": 400_000,
    "guard_cycle": 0.5,
    "catch_up": False,
    "log_level": "WARNING",
    # A wake-up behind an endless task would wait with it, so drivers prefetch one message only.
    "ALT_CLUSTERS": {
        "drivers": {
            "workers": ORCHESTRATOR.drivers_workers,
            "queue_limit": 1,
            "recycle": 100,
            "scheduler": False,
        }
    },
}

# Suna
SUNA_BASE_URL = env.url("SUNA_BASE_URL", schemes=("https", "http"))
SUNA_API_KEY = env.secret("SUNA_API_KEY")
SUNA_BEARER_TOKEN = env.secret("SUNA_BEARER_TOKEN")
SUNA_PROFILE = (
    env.choice(
        "SUNA_PROFILE",
        default="",
        among=("seed", "2025-07", "2025-08", "2025-10", "2025-12", "2026-01"),
    )
    or None
)
# Hosts that a user's own connection may name beside public https ones, and that may be sent keys over http.
# executions.actions.check_base_url holds people's connections to it, when they are saved and when tested.
SUNA_ALLOWED_HOSTS = env.items("RENUM_SUNA_ALLOWED_HOSTS")
if SUNA_API_KEY is not None and ":" not in SUNA_API_KEY:
    _msg = "SUNA_API_KEY must be the public and the secret key joined by a colon: pk_...:sk_..."
    raise EnvError(_msg)
if SUNA_API_KEY and SUNA_BEARER_TOKEN:
    _msg = "Set SUNA_API_KEY or SUNA_BEARER_TOKEN, not both."
    raise EnvError(_msg)

# Applications
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_q",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "django_htmx",
    "template_partials",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "teams",
    "billing",
    "executions",
    "renum_site",
]
MIDDLEWARE = [
    "renum_site.api_errors.ApiErrorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "renum_site.admin_csp.AdminCSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "renum_site.error_pages.ErrorPagesMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "teams.pages.preferences.PreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "teams.pages.client_address.ClientAddressMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "teams.pages.staff_factor.StaffFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "renum_site.urls"
ASGI_APPLICATION = "renum_site.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "executions.pages.open_questions.open_questions",
                "teams.pages.open_invitations.open_invitations",
            ],
        },
    }
]

# People and tokens
AUTH_USER_MODEL = "teams.User"
# May anybody make an account? Otherwise people are made in the admin.
SIGN_UP = env.choice("RENUM_SIGN_UP", default="open" if DEVELOPMENT else "closed", among=("open", "closed"))
# Knox's migrations make its own token table beside ours: they do not know that the model is swapped.
MIGRATION_MODULES = {"knox": None}
KNOX_TOKEN_MODEL = "teams.ApiToken"  # noqa: S105  the name of a model
REST_KNOX: dict[str, Any] = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_TTL": dt.timedelta(days=env.whole("RENUM_TOKEN_TTL_DAYS", default=90, low=1, high=3650)),
    "TOKEN_MODEL": KNOX_TOKEN_MODEL,
}

# API
API = read_api_settings(env)
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "teams.api.authentication.BearerToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "teams.api.permissions.ScopeAllows",
    ],
    "DEFAULT_PARSER_CLASSES": ["teams.api.json_parser.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_THROTTLE_CLASSES": ["teams.api.throttles.PersonThrottle"],
    "DEFAULT_PAGINATION_CLASS": "teams.api.pagination.NewestFirst",
    "DEFAULT_METADATA_CLASS": None,
    # An endpoint that has several forms reads its parameter by itself; elsewhere there is none of that name.
    "URL_FORMAT_OVERRIDE": None,
    "EXCEPTION_HANDLER": "teams.api.problems.handle_exception",
    "DEFAULT_SCHEMA_CLASS": "teams.api.schema.ApiSchema",
    # Unset, a client escapes every throttle with a made-up X-Forwarded-For.
    "NUM_PROXIES": env.whole("RENUM_NUM_PROXIES", default=0, low=0, high=10),
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = OPENAPI
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
# Fifty steps in the builder, each with all its fields and conditions.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

# Languages and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("pt-br", _("Brazilian Portuguese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# Each request that a web process works on has a connection to PostgreSQL of its own.
WEB_REQUESTS_AT_ONCE = env.whole("RENUM_WEB_REQUESTS_AT_ONCE", default=30, low=1, high=1000)

# Static files
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static-collected"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEVELOPMENT
WHITENOISE_AUTOREFRESH = DEVELOPMENT
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEVELOPMENT
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Mail: without a server none is sent
PUBLIC_URL = env.url("RENUM_PUBLIC_URL", schemes=("https", "http")) or ""  # For mails and agents.
_mail = build_mail(env.url("RENUM_MAIL_URL", schemes=("smtp", "smtps")))
EMAIL_BACKEND: str = _mail["EMAIL_BACKEND"]
EMAIL_HOST: str = _mail["EMAIL_HOST"]
EMAIL_PORT: int = _mail.get("EMAIL_PORT", 25)
EMAIL_HOST_USER: str = _mail.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD: str = _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_SSL: bool = _mail.get("EMAIL_USE_SSL", False)
EMAIL_USE_TLS: bool = _mail.get("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT: int = _mail.get("EMAIL_TIMEOUT", 10)
DEFAULT_FROM_EMAIL = env.text("RENUM_MAIL_FROM", default="renum@localhost")
STAFF_NEEDS_SECOND_FACTOR = env.flag("RENUM_STAFF_SECOND_FACTOR", default=not DEVELOPMENT)
# Without mail nobody can confirm an address, and so none is asked for.
SENDS_MAIL = bool(EMAIL_HOST)
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if SENDS_MAIL else "none"
ACCOUNT_SIGNUP_FIELDS = ["username*", *(["email*"] if SENDS_MAIL else []), "password1*", "password2*"]

# Who may read /metrics: whoever has the token, and these networks
METRICS_TOKEN = env.secret("RENUM_METRICS_TOKEN", min_length=16)
METRICS_ALLOWED = env.networks("RENUM_METRICS_ALLOWED")

# Browser security
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEVELOPMENT else [])
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS")
if not DEVELOPMENT and not ALLOWED_HOSTS:
    _msg = "With DEBUG off, ALLOWED_HOSTS must name the hosts that Renum answers for, separated by commas."
    raise EnvError(_msg)
HTTPS = env.flag("RENUM_HTTPS", default=not DEVELOPMENT)
if env.flag("RENUM_BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
SESSION_COOKIE_AGE = 7 * 24 * 3600
SESSION_ENGINE = "django.contrib.sessions.backends.db"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# Logs. httpx writes whole addresses at INFO and django-q2 writes arguments.
LOG_LEVEL = env.choice("RENUM_LOG_LEVEL", default="INFO", among=("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "renum_site.log_line.OneLineFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "asyncio": {"level": "WARNING"},
        "django.server": {"level": "WARNING"},
        # Django's own handler would write each line of it a second time.
        "django": {"handlers": []},
    },
}

# Names in the environment that look like ours and that nobody reads: most likely misspelled.
READ_ELSEWHERE = {"RENUM_ENV_FILE", "RENUM_BROWSER_TESTS", "SUNA_CONTRACT_URL"}
SETTING_NAMES = frozenset(env.known | READ_ELSEWHERE)
UNKNOWN_NAMES = sorted(
    name for name in env.values if name.startswith(("RENUM_", "SUNA_")) and name not in SETTING_NAMES
)
