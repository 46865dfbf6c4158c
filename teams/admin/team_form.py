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


class TeamForm(ModelForm[Team]):
    """`new_source` is the definition to save as the next version, None where it stays as it is."""

    definition = forms.CharField(
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

    def clean_definition(self) -> str:
        """Return the text with the newlines that it was saved with; browsers send CRLF."""
        return _with_plain_newlines(self.cleaned_data["definition"])

    def clean(self) -> dict[str, Any]:
        """Check a changed definition in the light of the chosen connection."""
        cleaned = super().clean() or self.cleaned_data
        text = cleaned.get("definition")
        if text is None or text == self._published or not (text.strip() or self._published):
            return cleaned
        if not text.strip():
            self.add_error("definition", _("A team's workflow can be replaced, but not taken away."))
        elif cleaned.get("based_on", "") != self._published_now():
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

    def _published_now(self) -> str:
        """Return the id of the published version, and keep others from saving one until this is saved."""
        rows = Team.objects.select_for_update(no_key=True).filter(pk=self.instance.pk)
        # None of them while the team is being added.
        published = [row.published_version_id for row in rows.only("published_version_id")]
        return str(published[0]) if any(published) else ""

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


def _with_plain_newlines(text: str) -> str:
    return text.replace("\r\n", "\n")
