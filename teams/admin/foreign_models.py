"""Models of other packages that have no place in the admin.

Whoever writes a row of the queue runs code, and a token of knox' own form would be shown in a message.
"""

from django.apps import apps
from django.contrib import admin

HIDDEN_APPS = ("django_q", "knox")

for label in HIDDEN_APPS:
    for model in apps.get_app_config(label).get_models():
        if admin.site.is_registered(model):
            admin.site.unregister(model)
