"""Ready-made teams, each a document beside this file with its texts in every language of the site.

A document has `definition`, a workflow whose agent ids are roles, and `texts` by language: name, summary,
example prompt, minutes that a run is likely to take, the roles, and the instructions of each step.
"""

from teams.gallery.reading import (
    DEFAULT_LANGUAGE,
    TEMPLATE_KEYS,
    Role,
    TeamTemplate,
    find_template,
    list_templates,
)

__all__ = [
    "DEFAULT_LANGUAGE",
    "TEMPLATE_KEYS",
    "Role",
    "TeamTemplate",
    "find_template",
    "list_templates",
]
