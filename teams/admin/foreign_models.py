"""Models of other packages that have no place in the admin.

Whoever writes a row of the queue runs code, and a token of knox' own form would be shown in a message.
People's addresses, second factors and sessions are their own: staff see an e-mail address in the person's
form, and what they write there counts as confirmed.
"""

from django.apps import apps
from django.contrib import admin

HIDDEN_APPS = ("django_q", "knox", "account", "mfa", "usersessions")

for label in HIDDEN_APPS:
    for model in apps.get_app_config(label).get_models():
        if admin.site.is_registered(model):
            admin.site.unregister(model)
