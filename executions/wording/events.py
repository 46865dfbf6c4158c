"""What an event of the timeline says: a few words for each kind."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

_WORDS: Mapping[str, Any] = {
    "context_written": _("An agent wrote into the shared context"),
    "context_conflict": _("A value did not go together with the one in the shared context"),
    "cancel_requested": _("Somebody asked to cancel it"),
    "connection_paused": _("Starts on the connection are held back"),
    "driver_crashed": _("A driver died while it worked on it"),
    "execution_cancelled": _("It was cancelled"),
    "execution_cancelling": _("Its runs are being stopped"),
    "execution_completed": _("It completed"),
    "execution_ending": _("It ends before its steps are through"),
    "execution_failed": _("It failed"),
    "execution_partial": _("It completed in part"),
    "execution_paused": _("It was paused"),
    "execution_quarantined": _("It was set aside after repeated crashes"),
    "execution_queued": _("It was accepted"),
    "execution_resumed": _("It goes on"),
    "execution_started": _("It began"),
    "late_run_found": _("A run that came late was found in Suna"),
    "message_posted": _("Somebody wrote to the team"),
    "pause_requested": _("Somebody asked to pause it"),
    "question_answered": _("A question was answered"),
    "question_asked": _("An agent asked a question"),
    "question_expired": _("The time for an answer was up"),
    "release_requested": _("Somebody released it"),
    "resume_requested": _("Somebody asked to resume it"),
    "result_submitted": _("An agent submitted its result"),
    "run_adopted": _("A run found in Suna was taken over"),
    "run_ended_late": _("A run ended after its step"),
    "run_lingered": _("A run had answered and did not end; its answer was taken"),
    "run_stopped": _("A run was stopped"),
    "start_again_requested": _("Somebody asked for another start"),
    "start_give_up_requested": _("Somebody gave a start up"),
    "start_unknown": _("It cannot be found out whether a start made a run"),
    "start_abandoned": _("A start led to no run"),
    "start_in_doubt": _("Suna did not confirm a start"),
    "start_put_back": _("Suna took no start; the step waits for its turn"),
    "start_requested": _("Suna is asked to start a run"),
    "step_cancelled": _("A step was cancelled"),
    "step_completed": _("A step completed"),
    "step_failed": _("A step failed"),
    "step_goes_on": _("A step goes on"),
    "step_progress": _("An agent told how far it is"),
    "step_ready": _("A step could start and waits"),
    "step_retrying": _("A step is tried again later"),
    "step_reused": _("A step's result was kept from an earlier execution"),
    "step_running": _("A run is at work"),
    "step_skipped": _("A step was skipped"),
    "step_starting": _("A step starts"),
    "step_waiting": _("A step waits"),
    "team_block_refused": _("What an agent wrote to its team could not be read"),
}
EVENT_KINDS = frozenset(_WORDS)


def event_words(kind: str) -> str:
    """Return the words for a kind of event; one that has none is named as it is."""
    return str(_WORDS.get(kind, kind))
