"""The address of the page about one's account."""

from django.urls import path

from teams.pages.own_account import own_account

urlpatterns = [path("account/", own_account, name="preferences")]
