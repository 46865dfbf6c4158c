from tests.fixtures.site_rows import *
from tests.fixtures.people import PASSWORD
import pytest, datetime as dt
from teams.models import User, TeamMembership
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
def test_shots(transactional_db, owner, open_window):
    from django.utils import timezone
    now=timezone.now()
    conn=make_connection()
    t=make_team(owner, connection=conn)
    t2=make_team(owner, name="Support desk", example="conditional", connection=conn)
    User.objects.create_superuser("sam", password=PASSWORD, email="sam@example.org")
    e=start(t, prompt="What is the market for electric bicycles in Lisbon, and who are the three largest sellers?")
    s1=set_step(e,"agent-123",status="completed",result_text="Sales of electric bicycles grew by a third in two years.\n\n1. Demand comes from commuters on the hills.\n2. Three sellers hold half of the market.",started_at=now-dt.timedelta(seconds=127),finished_at=now-dt.timedelta(seconds=60),attempts=1)
    bill(e,s1)
    s2=set_step(e,"agent-456",status="running",started_at=now-dt.timedelta(seconds=60),attempts=1)
    bill(e,s2,tokens_input=2000,tokens_output=704)
    set_execution(e,status="running",started_at=now-dt.timedelta(seconds=127))
    e2=start(t2, prompt="My invoice shows two charges for November.")
    a=set_step(e2,"agent-123",status="completed",result_text='{"category": "billing"}',started_at=now-dt.timedelta(seconds=20),finished_at=now-dt.timedelta(seconds=14),attempts=1); bill(e2,a)
    set_step(e2,"agent-456",status="skipped",code="condition_false",reason_params={"field":"agent_agent-123_result.category","operator":"equals","value":"technical","seen":"billing"})
    b=set_step(e2,"agent-789",status="completed",result_text="You were charged twice.",started_at=now-dt.timedelta(seconds=14),finished_at=now,attempts=2); bill(e2,b)
    set_execution(e2,status="completed",result_text="You were charged twice. The second charge of 12 November will be paid back within five working days; you need to do nothing.",started_at=now-dt.timedelta(seconds=20),finished_at=now,usage_complete=True,usage_metrics={"tokens_input":20000,"tokens_output":1000,"responses":2},cost_metrics={"cost_usd":"0.048","unpriced":0},created_at=now-dt.timedelta(seconds=21))
    e3=start(t, prompt="Compare the tariffs."); set_step(e3,"agent-123",status="failed",code="agent_failed",reason_params={"message":"model overloaded"},attempts=1,started_at=now)
    set_execution(e3,status="failed",code="step_failed",message_params={"step":"agent-123","reason":"agent_failed"})
    for name,kw in {"light":{}, "dark":{"scheme":"dark"}, "phone":{"width":390,"height":844}}.items():
        w=open_window(**kw); p=w.page
        p.goto(w.origin+"/accounts/login/"); p.screenshot(path=f"/tmp/shot-{name}-login.png")
        w.sign_in("olga",PASSWORD)
        for n,a in {"teams":"/teams/","team":f"/teams/{t2.pk}/","list":"/executions/","run":f"/executions/{e.pk}/","done":f"/executions/{e2.pk}/","failed":f"/executions/{e3.pk}/"}.items():
            p.goto(w.origin+a); p.screenshot(path=f"/tmp/shot-{name}-{n}.png", full_page=True)
    w=open_window(width=1360); p=w.page
    p.goto(w.origin+"/admin/"); p.locator("#id_username").fill("sam"); p.locator("#id_password").fill(PASSWORD); p.keyboard.press("Enter"); p.wait_for_timeout(2500)
    for n,a in {"index":"/admin/","usage":"/admin/billing/usagelog/","execs":"/admin/executions/execution/","exec":f"/admin/executions/execution/{e.pk}/change/","team":f"/admin/teams/team/{t.pk}/change/","teams":"/admin/teams/team/","cancel":f"/admin/executions/execution/{e.pk}/cancel/"}.items():
        p.goto(w.origin+a); p.wait_for_timeout(400); p.screenshot(path=f"/tmp/shot-admin-{n}.png", full_page=(n not in("index",)))
    print("COMPLAINTS",w.complaints)
