"""The addresses of versions, people, documents and settings, and what each person gets from them."""

_PEOPLE = ("nobody", "outsider", "staff", "viewer", "operator", "editor", "owner")
_SEES = dict(zip(_PEOPLE, (302, 404, 404, 200, 200, 200, 200), strict=True))
_EDITS = dict(zip(_PEOPLE, (302, 404, 404, 403, 403, 302, 302), strict=True))
_CHANGES = dict(zip(_PEOPLE, (302, 404, 404, 403, 403, 200, 200), strict=True))
_OWNS = dict(zip(_PEOPLE, (302, 404, 404, 403, 403, 403, 302), strict=True))
_EVERYBODY = dict(zip(_PEOPLE, (302, 200, 200, 200, 200, 200, 200), strict=True))
_INVITED = dict(zip(_PEOPLE, (302, 404, 404, 404, 404, 404, 404), strict=True))

PAGES = {
    "document-import": _EVERYBODY,
    "team-new": _EVERYBODY,
    "team-edit": _CHANGES,
    "invitation-list": _EVERYBODY,
    "team-export": _SEES,
    "team-versions": _SEES,
    "team-version": _SEES,
    "team-diff": _SEES,
    "team-people": _SEES,
    "team-settings": _SEES,
}
FORMS = {
    # They change nothing.
    "team-check": _EVERYBODY,
    "team-drawing": _EVERYBODY,
    "team-dry-run": _SEES,
    "new-team-dry-run": _EVERYBODY,
    "team-version-restore": _EDITS,
    "team-invite": _OWNS,
    "team-withdraw": _OWNS,
    "team-member-role": _OWNS,
    "team-member-remove": _OWNS,
    "team-hand-over": _OWNS,
    "team-delete": _OWNS,
    "invitation-accept": _INVITED,
    "invitation-decline": _INVITED,
}
SHARED = {*PAGES, *FORMS}
