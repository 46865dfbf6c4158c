"""The icon by its old name: browsers ask for it where an address is no page, as in the API."""

from django.http import HttpRequest, HttpResponseRedirect
from django.templatetags.static import static


def favicon(_request: HttpRequest) -> HttpResponseRedirect:
    """Lead to the icon that the pages name."""
    return HttpResponseRedirect(static("img/renum.svg"), headers={"Cache-Control": "public, max-age=86400"})
