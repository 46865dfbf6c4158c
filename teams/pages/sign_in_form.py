"""The form that people sign in with: a user name or a confirmed e-mail address, and a password."""

from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.utils.translation import gettext_lazy as _

from teams.models import User
from teams.pages.own_password import MAX_PASSWORD_CHARS

MAX_LOGIN_CHARS = 254


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth brings no types
    """Signing in. The field is called `username` on the page, where programs that keep passwords look."""

    user: User | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = forms.CharField(
            label=_("User name or e-mail address"),
            max_length=MAX_LOGIN_CHARS,
            widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
        )
        self.fields["password"] = forms.CharField(
            label=_("Password"),
            max_length=MAX_PASSWORD_CHARS,
            strip=False,
            widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        )

    def add_prefix(self, field_name: str) -> str:
        """Return the field's name on the page."""
        return str(super().add_prefix("username" if field_name == "login" else field_name))
