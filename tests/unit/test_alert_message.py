"""What an alert says in Slack: the parts, the colours, nothing secret, and no more than Slack takes."""

from __future__ import annotations

import json

import pytest

from tandem.alerts.message import FIELD_CHARACTERS, SECTION_CHARACTERS, Alert, Status, payload

FAILURE = Alert(
    Status.FAILURE,
    "ecommerce_master_dag",
    "extract_postgres_orders",
    logical_date="2025-11-03T06:00:00+00:00",
    days="2025-11-02",
    seconds=135.0,
    attempt="1 of 3, will be tried again",
    exception="SourceUnavailable: connection refused",
    link="http://127.0.0.1:8080/dags/ecommerce_master_dag/runs/manual__2025/tasks/extract_postgres_orders",
)


def texts(alert: Alert, *secrets: str) -> list[str]:
    (attachment,) = payload(alert, secrets)["attachments"]
    parts = [part for block in attachment["blocks"] for part in [block.get("text"), *block.get("fields", [])] if part]
    return [part["text"] for part in parts]


def test_a_failure_says_all_that_is_needed_to_look_into_it() -> None:
    headline, *fields, exception, link = texts(FAILURE)
    assert headline == "*[FAILURE] ecommerce_master_dag*"
    assert fields == [
        "*Status*\nFAILURE",
        "*DAG*\necommerce_master_dag",
        "*Task*\nextract_postgres_orders",
        "*Logical date*\n2025-11-03T06:00:00+00:00",
        "*Days*\n2025-11-02",
        "*Duration*\n2 min 15 s",
        "*Attempt*\n1 of 3, will be tried again",
    ]
    assert exception == "```SourceUnavailable: connection refused```"
    assert link == f"<{FAILURE.link}|Log>"


@pytest.mark.parametrize(
    ("status", "color"),
    [(Status.SUCCESS, "#36a64f"), (Status.FAILURE, "#ff0000"), (Status.LATE, "#ff0000")],
    ids=["success", "failure", "missed deadline"],
)
def test_the_colour_tells_good_from_bad(status: Status, color: str) -> None:
    (attachment,) = payload(Alert(status, "a_dag"), [])["attachments"]
    assert attachment["color"] == color
    assert attachment["fallback"] == f"[{status}] a_dag"


def test_a_missed_deadline_says_which_limit_and_what_was_running() -> None:
    late = Alert(Status.LATE, "a_dag", limit="600 s for an extraction task", running="load_csv_marketing")
    assert "*Limit*\n600 s for an extraction task" in texts(late)
    assert "*Running*\nload_csv_marketing" in texts(late)


def test_signs_that_mean_something_to_slack_are_escaped() -> None:
    alert = Alert(Status.FAILURE, "a_dag", exception="<!channel> a & b ```c```")
    assert texts(alert)[-1] == "```&lt;!channel&gt; a &amp; b '''c'''```"


@pytest.mark.parametrize("sign", ["x", "&", "<"])
def test_a_long_text_is_cut_to_what_slack_takes_and_never_inside_an_escape(sign: str) -> None:
    long = sign * 10_000
    alert = Alert(Status.FAILURE, long, long, days=long, exception=long, link=f"http://h/{long}")
    (attachment,) = payload(alert, [])["attachments"]
    for block in attachment["blocks"]:
        assert len(block.get("text", {"text": "-"})["text"]) in range(1, SECTION_CHARACTERS + 1)
        assert all(len(field["text"]) <= FIELD_CHARACTERS for field in block.get("fields", []))
        assert len(block.get("fields", [])) <= 10
    rest = texts(alert)[-2].removeprefix("```").removesuffix(" …```")
    assert rest.replace("&amp;", "").replace("&lt;", "").strip("x") == ""


def test_a_secret_is_hidden_before_the_text_is_cut() -> None:
    secret = "s3cret" * 10
    alert = Alert(Status.FAILURE, "a_dag", exception="x" * (SECTION_CHARACTERS - 20) + secret)
    assert "s3cret" not in json.dumps(payload(alert, [secret]))


def test_users_of_addresses_are_hidden() -> None:
    alert = Alert(Status.FAILURE, "a_dag", exception="no answer from postgresql://shop:pw1@db/shop")
    assert "pw1" not in json.dumps(payload(alert, []))
