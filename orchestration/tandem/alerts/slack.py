"""Alerts to Slack, by an incoming webhook or by a bot; whatever goes wrong there is a warning in the log."""

from __future__ import annotations

import logging
from typing import Any

from tandem.alerts.message import Alert, payload
from tandem.scrub import scrubbed
from tandem.settings import Settings

TIMEOUT_SECONDS = 5
SHOWN = 300
log = logging.getLogger(__name__)
# Slack's SDK notes the address of a webhook, which is a secret; ours says what went wrong.
_silent = logging.Logger("slack_sdk", level=logging.CRITICAL + 1)


def send(settings: Settings, alert: Alert) -> None:
    """Send an alert by what is set: the webhook, else the bot. Never raises: it must not fail what it tells of."""
    webhook, bot = settings.slack_webhook_url.get_secret_value(), settings.slack_bot_token.get_secret_value()
    if webhook and bot:
        log.warning("SLACK_WEBHOOK_URL and SLACK_BOT_TOKEN are both set: the webhook is used. Remove one of them.")
    try:
        message = payload(alert, settings.secrets)
        if webhook:
            problem = _post_to_webhook(webhook, message)
        elif bot and settings.slack_channel:
            problem = _post_as_bot(bot, settings, message)
        else:
            problem = _what_to_set(bot)
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    if problem:
        log.warning("The alert %s was not sent: %s", alert.headline, scrubbed(problem, settings.secrets)[:SHOWN])


def _post_to_webhook(webhook: str, message: dict[str, Any]) -> str:
    from slack_sdk.webhook import WebhookClient

    answer = WebhookClient(webhook, timeout=TIMEOUT_SECONDS, logger=_silent).send_dict(message)
    taken = answer.status_code == 200 and answer.body == "ok"
    return "" if taken else f"the webhook answered {answer.status_code} {answer.body}"


def _post_as_bot(token: str, settings: Settings, message: dict[str, Any]) -> str:
    from slack_sdk import WebClient

    client = WebClient(token, base_url=settings.slack_api_url, timeout=TIMEOUT_SECONDS, logger=_silent)
    # An answer that is not ok is raised by the SDK.
    client.chat_postMessage(channel=settings.slack_channel, **message)
    return ""


def _what_to_set(bot: str) -> str:
    if bot:
        return "SLACK_BOT_TOKEN is set and SLACK_CHANNEL is not. Set the channel to write to."
    return "set SLACK_WEBHOOK_URL, or SLACK_BOT_TOKEN and SLACK_CHANNEL."
