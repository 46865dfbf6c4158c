"""Forms of accounts where they differ from allauth's: lengths that are bounded, and the one password door."""

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.core import context
from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext as _

from teams.models import User
from teams.pages.own_password import MAX_PASSWORD_CHARS, password_problem


def _mend_fields(form: forms.Form) -> None:
    # Hashing what is as large as a request may be would cost seconds. The label stands above the field.
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)
        if isinstance(field.widget, forms.PasswordInput):
            field.validators.append(MaxLengthValidator(MAX_PASSWORD_CHARS))
            field.widget.attrs["maxlength"] = str(MAX_PASSWORD_CHARS)


class SignUpForm(allauth_forms.SignupForm):  # type: ignore[misc]  # allauth brings no types
    """Making an account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("User name")
        _mend_fields(self)


class ChangePasswordForm(allauth_forms.ChangePasswordForm):  # type: ignore[misc]
    """A new password for whoever knows the old one; tries of it count like those of signing in."""

    user: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _mend_fields(self)

    def clean_oldpassword(self) -> str:
        """Return it; a wrong one, or one too many, is an error of the field."""
        given: str = self.cleaned_data["oldpassword"]
        problem = password_problem(self.user, given, context.request)
        if problem:
            raise forms.ValidationError(problem)
        return given
