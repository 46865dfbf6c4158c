"""Days and months of budgets: no moment in two of them, none in none, in any time zone."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.budgets.periods import period_of

ZONES = ["UTC", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Apia", "Africa/Cairo", "America/Santiago"]
MOMENTS = st.datetimes(
    min_value=dt.datetime(1990, 1, 1),  # noqa: DTZ001  hypothesis adds the zone
    max_value=dt.datetime(2060, 1, 1),  # noqa: DTZ001
    timezones=st.just(dt.UTC),
)


@given(at=MOMENTS, zone=st.sampled_from(ZONES), span=st.sampled_from(["day", "month"]))
def test_each_moment_lies_in_its_period_and_periods_touch(at, zone, span):
    period = period_of(span, time_zone=zone, at=at)

    assert period.starts_at <= at < period.ends_at
    assert period_of(span, time_zone=zone, at=period.starts_at) == period
    assert period_of(span, time_zone=zone, at=period.ends_at).starts_at == period.ends_at
    assert period.starts_at.tzinfo is dt.UTC


def test_a_day_is_that_of_the_budgets_time_zone():
    at = dt.datetime(2026, 11, 1, 1, 30, tzinfo=dt.UTC)

    day = period_of("day", time_zone="America/Sao_Paulo", at=at)
    month = period_of("month", time_zone="America/Sao_Paulo", at=at)

    assert (day.starts_at, day.ends_at) == (
        dt.datetime(2026, 10, 31, 3, tzinfo=dt.UTC),
        dt.datetime(2026, 11, 1, 3, tzinfo=dt.UTC),
    )
    assert month.starts_at == dt.datetime(2026, 10, 1, 3, tzinfo=dt.UTC)


def test_a_day_on_which_the_clock_changes_has_23_or_25_hours():
    spring = period_of("day", time_zone="Europe/Berlin", at=dt.datetime(2026, 3, 29, 12, tzinfo=dt.UTC))
    autumn = period_of("day", time_zone="Europe/Berlin", at=dt.datetime(2026, 10, 25, 12, tzinfo=dt.UTC))

    assert spring.ends_at - spring.starts_at == dt.timedelta(hours=23)
    assert autumn.ends_at - autumn.starts_at == dt.timedelta(hours=25)


def test_an_execution_has_no_times():
    with pytest.raises(ValueError, match="run"):
        period_of("run", time_zone="UTC", at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
