"""A workflow as a form: what stands in each field, and what the fields make of the document. Pure.

The document is the truth. A form shows a part of it, and only fields that somebody changed are written back:
whatever a form cannot show stays as it is. Nothing is judged here: `teams.workflow.parsing` does that.
"""

from teams.builder.apply import Sent, apply_form
from teams.builder.controls import Control, normalized
from teams.builder.form import DocumentForm, StepForm, build_form, can_be_a_form
from teams.builder.moves import BLANK, change

__all__ = [
    "BLANK",
    "Control",
    "DocumentForm",
    "Sent",
    "StepForm",
    "apply_form",
    "build_form",
    "can_be_a_form",
    "change",
    "normalized",
]
