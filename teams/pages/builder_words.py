"""The words of the builder: what each field is called, what helps to fill it in, and what can be chosen."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

Words = Mapping[str, Any]

LABELS: Words = {
    "type": _("How the steps work together"),
    "max_parallel": _("At most at the same time"),
    "deadline": _("Longest time for everything"),
    "agent_id": _("Agent"),
    "id": _("Name of the step in the document"),
    "role": _("Role"),
    "instructions": _("Instructions"),
    "input": _("What it gets"),
    "context_key": _("Also this value of the shared context"),
    "conditions": _("When it runs"),
    "depends_on": _("It waits for"),
    "join": _("It starts when"),
    "model_name": _("Model"),
    "services": _("Keys it may use"),
    "timeout": _("Longest time for one attempt"),
    "max_attempts": _("Attempts"),
    "on_error": _("After the last attempt"),
    "on_question": _("When the agent asks a question"),
    "output": _("Fields the answer must have"),
    "of": _("Look at"),
    "key": _("Field or path"),
    "operator": _("Comparison"),
    "value": _("Value"),
}
HELPS: Words = {
    "max_parallel": _("A number from 1 to 50. Empty: as many as the connection allows."),
    "deadline": _("For example 90s, 20m or 2h. Empty: 24 hours."),
    "agent_id": _("Who does the work."),
    "id": _("Other steps refer to it. Letters, digits, and _ . : - only."),
    "role": _("What the agent is in this team: researcher, writer, critic ..."),
    "instructions": _("What the agent is told before it gets its input."),
    "input": _("Nothing ticked: the results of the steps before it, or the prompt where there is none."),
    "context_key": _("The name of the value. Empty: none."),
    "conditions": _("Where its conditions do not hold, the step is skipped."),
    "depends_on": _("None ticked: it starts at once, unless its input or a condition looks at a step."),
    "join": _(
        "What usually fits: where it puts several results together, none failed and one went well; else all "
        "went well."
    ),
    "model_name": _("Empty: the agent's own."),
    "services": _("Names of services, with commas between them: tavily, openai."),
    "timeout": _("For example 90s, 20m or 2h. Empty: what the workflow says, else 1 hour."),
    "max_attempts": _("1 to 10, the first one included. Empty: what the workflow says, else 1."),
    "on_error": _("What usually fits: side by side and by the answer the others go on, else it fails."),
    "on_question": _("A person answers on the page of the execution or in the inbox."),
    "of": _("What is compared: the prompt, a step's answer, or how it ended."),
    "key": _("The name of the field; empty where the whole answer is meant."),
    "operator": _("Texts are compared without regard to upper and lower case, patterns with it."),
    "value": _("A text, a number, or several with commas between them."),
    "output": _("Names with commas between them: category, summary. Empty: any text will do."),
}
TYPES: Mapping[str, tuple[Any, Any]] = {
    "sequential": (_("One after another"), _("Each step takes over from the one before.")),
    "parallel": (_("All at once"), _("Several views of one question; no step sees the others.")),
    "conditional": (_("Depending on the answer"), _("A first step decides which steps run next.")),
    "pipeline": (_("Assembly line"), _("The same as one after another.")),
    "graph": (_("Your own order"), _("You say which step waits for which. For everything else.")),
}
"""What each type is called, and when to choose it."""
JOINS: Words = {
    "": _("What usually fits"),
    "all_success": _("all of them went well"),
    "none_failed": _("none failed and one went well"),
    "all_done": _("all are through, whatever became of them"),
    "any_success": _("the first of them went well"),
}
ON_ERROR: Words = {
    "": _("What usually fits"),
    "fail": _("The execution fails"),
    "continue": _("The others go on"),
}
ON_QUESTION: Words = {
    "": _("What the workflow says, else ask a person"),
    "human": _("Ask a person"),
    "fail": _("The attempt fails"),
}
MODES: Words = {
    "": _("Always"),
    "when": _("When all of these are so"),
    "else": _("When none of the conditions before it holds"),
}
OPERATORS: Words = {
    "equals": _("is"),
    "not_equals": _("is not"),
    "in": _("is one of"),
    "not_in": _("is none of"),
    "contains": _("contains"),
    "not_contains": _("does not contain"),
    "starts_with": _("starts with"),
    "ends_with": _("ends with"),
    "matches": _("matches the pattern"),
    "gt": _("is greater than"),
    "gte": _("is at least"),
    "lt": _("is less than"),
    "lte": _("is at most"),
    "between": _("lies between"),
    "exists": _("is there"),
    "not_exists": _("is not there"),
    "is_empty": _("is empty"),
    "is_true": _("is true"),
}
OF_STEP: Words = {
    "text:": _("the answer of %(step)s"),
    "data:": _("a field in the answer of %(step)s"),
    "result:": _("the result of %(step)s"),
    "status:": _("how %(step)s ended"),
}
OF_OTHERS: Words = {
    "prompt": _("the prompt"),
    "context": _("a value of the shared context"),
    "path": _("a path of your own"),
}
CHOICES: Mapping[str, Words] = {
    "type": {name: title for name, (title, _when) in TYPES.items()},
    "join": JOINS,
    "on_error": ON_ERROR,
    "on_question": ON_QUESTION,
    "conditions": MODES,
}
GROUPS: Words = {
    "input": _("What it gets"),
    "conditions": _("When it runs"),
    "failure": _("Time limit and failure"),
    "more": _("More settings"),
}
CONTEXT_VALUE = _("“%(key)s” of the shared context")
NOT_THERE = _("%(name)s (not there)")
AGENT_MISSING = _("%(name)s (missing)")
AGENT_SEARCH = _("Who does the work. Type a part of its name and choose.")
AGENT_LIKE = _("Did you mean %(names)s?")
