"""From an outbox row to a subscriber: Standard Webhooks with CloudEvents."""
