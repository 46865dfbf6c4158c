"""What Renum's words mean. docs/glossary.md holds the same words: a test compares them."""

from typing import Any

from django.utils.translation import gettext_lazy as _

# Each a word (or several that belong together) and its meaning. Names in the code are the same everywhere.
Entries = tuple[tuple[Any, Any], ...]

FOR_EVERYBODY: Entries = (
    (_("team"), _("a named set of agents with a workflow")),
    (
        _("agent"),
        _("a worker that lives in Suna and answers in words; a team uses it, Renum does not change it"),
    ),
    (_("role"), _("what an agent is in a team: researcher, writer, reviewer")),
    (
        _("workflow (definition)"),
        _("the document that says who works, in which order, and what the answer is"),
    ),
    (_("version"), _("one saved revision of a workflow; it never changes")),
    (_("step"), _("one piece of the work, done by one agent; the same agent may do several")),
    (_("condition"), _("what must hold for a step to run; otherwise it is skipped")),
    (_("prompt"), _("what you ask the team to do, in your own words")),
    (_("execution"), _("one run of a team for one prompt")),
    (_("attempt"), _("one try at a step; attempts count from 1")),
    (_("shared context"), _("what the steps of an execution know in common: names with values")),
    (_("event"), _("something that happened in an execution; events are numbered without gaps")),
    (_("question, answer"), _("what an agent asks a person before it goes on, and what it goes on with")),
    (_("inbox"), _("the questions that wait for your answer")),
    (_("pause, resume"), _("start nothing new; go on")),
    (_("retry, run again"), _("a new execution that keeps what is finished; one that keeps nothing")),
    (_("connection"), _("where a Suna is, and how Renum signs in there")),
    (_("key"), _("a secret of yours for a service that agents use; stored sealed and never shown again")),
    (_("payer"), _("the person whom an execution's cost is counted to")),
    (
        _("budget"),
        _("a limit on what is spent: by a payer, a team or the site; in an execution, a day or a month"),
    ),
    (_("token"), _("a piece of a word: models count and charge by it")),
    (_("owner, editor, operator, viewer"), _("may do everything; may change and run; may run; may look")),
    (_("template"), _("a workflow that is ready: you give its roles your own agents")),
)
INSIDE: Entries = (
    ("WorkflowVersion", _("the row of a version")),
    ("plan", _("the workflow compiled into one graph, stored on an execution")),
    ("ExecutionStep", _("one step of one execution: status, reason, input, result")),
    (
        "AgentRun, turn",
        _("one attempt at a step, carried out by Suna; one of its runs where it asked a person"),
    ),
    ("status / code / message", _("for the machine / for the program / for the person")),
    ("decide, Decision", _("what should happen next, as data")),
    ("Reservation", _("what a budget keeps free for an attempt until its usage is in")),
    (_("driver"), _("the process that advances executions")),
    (_("lease"), _("a driver's right to do so, for a few seconds at a time, by PostgreSQL's clock")),
    (_("epoch, fence"), _("the number of a claim; a write that carries an older one is refused")),
    (_("sweep"), _("the repair round, each minute")),
    ("ContextChange, snapshot", _("one change of the shared context; the whole of it at a version")),
    ("ExecutionEvent, seq", _("the row of an event, and its number")),
    ("UsageLog", _("one model response: tokens, price, payer")),
    (_("wire profile"), _("which version of its HTTP contract a Suna speaks")),
    (_("starter, key owner"), _("who started the execution; whose keys go along")),
    (_("quarantine, release"), _("set aside after its driver died three times; let go on by staff")),
)
