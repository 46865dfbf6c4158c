"""Questions in the admin: read by who may read them, answered by who may change executions."""

from django.contrib.auth.models import Permission
from django.test import Client

from executions.models import Question
from teams.models import User
from tests.fixtures.site_rows import HOSTILE, ask, start
from tests.functional.admin.conftest import Site


def address_of(question: Question) -> str:
    return f"/admin/executions/question/{question.pk}/answer/"


def test_staff_answer_an_open_question_of_anybody(site: Site) -> None:
    question = ask(start(site.team), text=HOSTILE, options=["Porto"])
    client = Client()
    client.force_login(site.superuser)

    form = client.get(address_of(question))
    refused = client.post(address_of(question), {"answer": " "})
    still_open = Question.objects.get(pk=question.pk).state
    answered = client.post(address_of(question), {"option": "Porto"})

    assert form.status_code == 200
    assert HOSTILE not in form.content.decode()
    assert (refused.status_code, still_open, answered.status_code) == (302, "open", 302)
    question.refresh_from_db()
    assert (question.state, question.answer, question.answered_by) == ("answered", "Porto", site.superuser)
    assert client.get(address_of(question)).status_code in (403, 404)


def test_who_may_only_view_questions_cannot_answer(site: Site) -> None:
    question = ask(start(site.team))
    reader = User.objects.create_user("rita", email="rita@example.org", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_question"))
    client = Client()
    client.force_login(reader)

    shown = client.get(f"/admin/executions/question/{question.pk}/change/")
    asked = client.post(address_of(question), {"answer": "Porto"})

    assert shown.status_code == 200
    assert "Which city?" in shown.content.decode()
    assert asked.status_code == 403
    assert Question.objects.get(pk=question.pk).state == "open"
