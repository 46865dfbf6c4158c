"""The looser content security policy of /admin/: the theme's Alpine needs eval and inline styles."""

from collections.abc import Callable

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

ADMIN_PREFIX = "/admin/"
# No nonce here: a nonce in a directive switches its 'unsafe-inline' off.
LOOSER = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE], "object-src": [NONE]}


class AdminCSPMiddleware(MiddlewareMixin):
    """Mark the admin's responses for csp's middleware, which stands outside this one."""

    get_response: Callable[[HttpRequest], HttpResponseBase]

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Loosen two directives below /admin/."""
        if request.path_info.startswith(ADMIN_PREFIX):
            response._csp_replace = LOOSER  # type: ignore[attr-defined]  # noqa: SLF001  django-csp's own hook
        return response
