"""Alerts about runs: what they say, how they reach Slack, and the limits whose overrun they tell of."""
