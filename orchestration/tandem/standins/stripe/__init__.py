"""Stripe's charges and refunds by its API v1: the application, the objects behind it, and its process."""
