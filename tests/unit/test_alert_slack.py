"""Alerts reach a webhook or a bot's channel; whatever goes wrong there is one warning, without a secret."""

from __future__ import annotations

import logging
import threading

import pytest
from slack_recorder import SlackRecorder

from tandem.alerts import slack as sender
from tandem.alerts.message import Alert, Status
from tandem.settings import Settings

ALERT = Alert(Status.FAILURE, "a_dag", "a_task", exception="ValueError: of no use")
TOKEN = "xoxb-that-nobody-may-see"


def send(caplog: pytest.LogCaptureFixture, **values: str) -> list[str]:
    """Send the alert with these settings; returns the warnings."""
    with caplog.at_level(logging.DEBUG):
        sender.send(Settings(**values), ALERT)
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_webhook_gets_the_message(slack: SlackRecorder, caplog: pytest.LogCaptureFixture) -> None:
    assert send(caplog, slack_webhook_url=slack.webhook) == []
    (message,) = slack.received
    assert message.path in slack.webhook
    assert message.fields["Task"] == "a_task"
    assert message.attachment["color"] == "#ff0000"


def test_a_bot_writes_to_its_channel(slack: SlackRecorder, caplog: pytest.LogCaptureFixture) -> None:
    bot = {"slack_bot_token": TOKEN, "slack_channel": "#alerts", "slack_api_url": slack.api}
    assert send(caplog, **bot) == []
    (message,) = slack.received
    assert (message.path, message.authorization) == ("/api/chat.postMessage", f"Bearer {TOKEN}")
    assert message.body["channel"] == "#alerts"
    assert message.fields["Task"] == "a_task"


def test_with_both_set_the_webhook_is_used_and_that_is_said(
    slack: SlackRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    bot = {"slack_bot_token": TOKEN, "slack_channel": "#alerts", "slack_api_url": slack.api}
    (warning,) = send(caplog, slack_webhook_url=slack.webhook, **bot)
    assert "the webhook is used" in warning
    assert [message.path for message in slack.received] == [slack.webhook.removeprefix(slack.url)]


def test_with_nothing_set_one_warning_names_the_settings(caplog: pytest.LogCaptureFixture) -> None:
    (warning,) = send(caplog)
    assert all(name in warning for name in ("SLACK_WEBHOOK_URL", "SLACK_BOT_TOKEN", "SLACK_CHANNEL"))


def test_a_bot_without_a_channel_is_a_warning(slack: SlackRecorder, caplog: pytest.LogCaptureFixture) -> None:
    (warning,) = send(caplog, slack_bot_token=TOKEN, slack_api_url=slack.api)
    assert "SLACK_CHANNEL" in warning
    assert slack.received == []


@pytest.mark.parametrize(
    ("status", "said"),
    [
        pytest.param(200, "no_service", id="not ok"),
        pytest.param(404, "no_team", id="gone"),
        pytest.param(429, "", id="too many"),
        pytest.param(500, "<html>", id="broken"),
    ],
)
def test_a_webhook_that_does_not_take_it_is_one_warning(
    status: int, said: str, slack: SlackRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    slack.answer = lambda _path: (status, said)
    (warning,) = send(caplog, slack_webhook_url=slack.webhook)
    assert f"{status} {said}".strip() in warning
    assert_no_secret(caplog, slack)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        pytest.param(200, '{"ok": false, "error": "channel_not_found"}', id="not ok"),
        pytest.param(500, "<html>", id="broken"),
    ],
)
def test_an_api_that_does_not_take_it_is_one_warning(
    status: int, said: str, slack: SlackRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    slack.answer = lambda _path: (status, said)
    bot = {"slack_bot_token": TOKEN, "slack_channel": "#alerts", "slack_api_url": slack.api}
    (warning,) = send(caplog, **bot)
    assert "channel_not_found" in warning or "html" in warning
    assert_no_secret(caplog, slack)


def test_slack_down_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    with SlackRecorder() as gone:
        pass
    (warning,) = send(caplog, slack_webhook_url=gone.webhook)
    assert "refused" in warning
    assert_no_secret(caplog, gone)


def test_a_slow_slack_is_not_waited_for(
    slack: SlackRecorder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "TIMEOUT_SECONDS", 0.1)
    enough = threading.Event()
    slack.answer = lambda _path: (200, "ok" if enough.wait(20) else "nobody gave up")
    (warning,) = send(caplog, slack_webhook_url=slack.webhook)
    enough.set()
    assert "timed out" in warning
    assert_no_secret(caplog, slack)


def assert_no_secret(caplog: pytest.LogCaptureFixture, slack: SlackRecorder) -> None:
    assert "nobody-may-see" not in caplog.text
    assert slack.webhook not in caplog.text
