"""The form of a team: its columns, and its workflow as text with every problem of it as an error."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from teams.actions.save_version import check_definition
from teams.admin.theme import ModelForm
from teams.models import Team
from teams.workflow.json_text import MAX_DOCUMENT_BYTES, JsonTextError, parse_json_text

if TYPE_CHECKING:
    Textarea = forms.Textarea
else:
    from unfold.widgets import UnfoldAdminTextareaWidget as Textarea

MAX_ERRORS_SHOWN = 50


class WorkflowEditor(Textarea):
    """A textarea that becomes the JSON editor, judged at the right line while it is written, with a picture.

    `team_id` is the team that it is judged and drawn for; it is set by the form.
    """

    team_id: str = ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the textarea with the place of the picture."""
        told = {
            "data-editor": "",
            "data-check-url": reverse("staff-team-check"),
            "data-check-team": self.team_id,
            "data-check-failed": _("The text could not be checked. Saving checks it."),
        }
        area = super().render(name, value, {**(attrs or {}), **told}, renderer)
        context = {"area": area, "drawing_url": reverse("staff-team-drawing"), "team_id": self.team_id}
        return mark_safe(render_to_string("admin/teams/workflow_editor.html", context))  # noqa: S308  a template


class DefinitionField(forms.CharField):
    """A workflow as text: only what is more than another kind of newline is a change."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the text is another one; browsers send CRLF."""
        return _with_plain_newlines(str(data or "")) != str(initial or "")


class TeamForm(ModelForm[Team]):
    """`new_source` is the definition to save as the next version, None where it stays as it is."""

    definition = DefinitionField(
        label=_("Workflow definition"),
        required=False,
        strip=False,
        max_length=MAX_DOCUMENT_BYTES,
        widget=WorkflowEditor(attrs={"rows": 28, "spellcheck": "false", "class": "font-mono"}),
        help_text=_("JSON. A change is saved as the team's next version; older ones stay as they are."),
    )
    note = forms.CharField(
        label=_("Note on the new version"),
        required=False,
        max_length=500,
        widget=Textarea(attrs={"rows": 2}),
    )
    based_on = forms.CharField(required=False, widget=forms.HiddenInput)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Team
        fields = (
            "name",
            "slug",
            "description",
            "owner",
            "connection",
            "payer",
            "record_content",
            "is_active",
        )
        widgets: ClassVar = {"description": Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.new_source: str | None = None
        published = self.instance.published_version
        self._published = "" if published is None else _with_plain_newlines(published.source)
        self.initial["definition"] = self._published
        editor = self.fields["definition"].widget
        if isinstance(editor, WorkflowEditor) and kwargs.get("instance") is not None:
            editor.team_id = str(self.instance.pk)
        self.initial["based_on"] = "" if published is None else str(published.pk)
        self.initial["seen"] = _mark_of(self.instance)

    def clean_definition(self) -> str:
        """Return the text with the newlines that it was saved with; browsers send CRLF."""
        return _with_plain_newlines(self.cleaned_data["definition"])

    def clean(self) -> dict[str, Any]:
        """Check a changed definition in the light of the chosen connection."""
        cleaned = super().clean() or self.cleaned_data
        now = self._team_now()
        if now is not None and cleaned.get("seen", "") != _mark_of(now) and self._changes_columns():
            words = _("Somebody changed the team meanwhile. Open it again to see it.")
            self.add_error(None, forms.ValidationError(words, code="stale"))
        self._check_connection(cleaned)
        text = cleaned.get("definition")
        if text is None or text == self._published or not (text.strip() or self._published):
            return cleaned
        if not text.strip():
            self.add_error("definition", _("A team's workflow can be replaced, but not taken away."))
        elif cleaned.get("based_on", "") != _published_of(now):
            self.add_error(
                "definition",
                forms.ValidationError(
                    _("Somebody saved another version meanwhile. Open the team again to see it."),
                    code="stale",
                ),
            )
        else:
            self._check(text, cleaned)
        return cleaned

    def _team_now(self) -> Team | None:
        """Return the team as it stands, and keep others from changing it until this is saved.

        None while it is being added.
        """
        rows = Team.objects.select_for_update(no_key=True).filter(pk=self.instance.pk)
        return rows.only("published_version_id", "updated_at").first()

    def _changes_columns(self) -> bool:
        return any(name in self.Meta.fields for name in self.changed_data)

    def _check_connection(self, cleaned: dict[str, Any]) -> None:
        """Refuse a connection that is neither the owner's nor the site's: it is somebody's own."""
        owner, connection = cleaned.get("owner"), cleaned.get("connection")
        chosen = {"owner", "connection"} & set(self.changed_data)
        if owner and connection and chosen and connection.owner_id not in (None, owner.pk):
            words = _("This connection is somebody else's: choose one of the owner's or of the site's.")
            self.add_error("connection", forms.ValidationError(words, code="unknown_reference"))

    def _check(self, text: str, cleaned: dict[str, Any]) -> None:
        try:
            definition = parse_json_text(text)
        except JsonTextError as error:
            self.add_error("definition", forms.ValidationError(error.message, code=error.code))
            return
        checked = check_definition(definition, team=Team(connection=cleaned.get("connection")))
        for problem in checked.problems[:MAX_ERRORS_SHOWN]:
            where = f"{problem.pointer}: " if problem.pointer else ""
            self.add_error("definition", forms.ValidationError(where + problem.message, code=problem.code))
        if checked.plan is not None:
            self.new_source = text


def _mark_of(team: Team) -> str:
    """Return what tells one state of the team's columns from another."""
    return team.updated_at.isoformat() if team.updated_at else ""


def _published_of(team: Team | None) -> str:
    return str(team.published_version_id) if team and team.published_version_id else ""


def _with_plain_newlines(text: str) -> str:
    return text.replace("\r\n", "\n")
