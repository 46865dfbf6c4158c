"""The person who signs in: Django's user with what a page needs to speak to them."""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from teams.models.uuid7 import new_id


class User(AbstractUser):  # type: ignore[django-manager-missing]  # knox gives its manager no type
    """A person. `language` and `time_zone` are empty where the browser's and the site's hold."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)

    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
