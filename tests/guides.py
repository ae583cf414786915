"""The request bodies that both guides print, word for word."""

from __future__ import annotations

GUIDE_A_WEEKLY = """{
"agent_id": "agent_...",
"user_id": "user_...",
"single_shot": false,
"weekdays": [1, 3, 5],
"local_time": "09:30:00",
"timezone": "Europe/Madrid",
"max_attempts": 3,
"retry_delay_seconds": 600
}"""

GUIDE_B_SINGLE = """{
"agent_id": "agent-123",
"phone_number": "+1234567890",
"scheduled_time": "2024-02-01 14:30:00",
"timezone": "America/New_York",
"name": "Follow-up call for John"
}"""

GUIDE_B_RECURRING = """{
"agent_id": "agent-123",
"phone_number": "+1234567890",
"cron_expression": "0 9 * * MON",
"timezone": "America/New_York",
"name": "Weekly check-in",
"max_occurrences": 12
}"""

GUIDE_B_UPDATE = """{
"scheduled_time": "2024-02-02 10:00:00",
"customer_context": {
"notes": "Updated context"
}
}"""

# What the guide gives to its service in Python, as the JSON that a client of it sends.
GUIDE_B_ADVANCED = """{
"agent_id": "agent-123",
"phone_number": "+1234567890",
"scheduled_time": "2024-02-01 14:30:00",
"timezone": "America/New_York",
"name": "Customer Follow-up",
"description": "Follow-up about order status",
"customer_context": {
"customer_id": "cust-123",
"customer_name": "John Doe",
"order_id": "ORD-456"
},
"metadata": {
"campaign_id": "camp-789",
"priority": "high"
},
"retry_policy": {
"max_retries": 2,
"retry_delay": 300
}
}"""

GUIDE_B_RETRIES = """{
"agent_id": "agent-123",
"phone_number": "+1234567890",
"scheduled_time": "2024-02-01 14:30:00",
"timezone": "America/New_York",
"retry_policy": {
"max_retries": 3,
"retry_delay": 300,
"exponential_backoff": true,
"retry_on": ["timeout", "no_answer", "busy"]
}
}"""

GUIDE_B_WEBHOOK = """{
"agent_id": "agent-123",
"phone_number": "+1234567890",
"scheduled_time": "2024-02-01 14:30:00",
"timezone": "America/New_York",
"webhook_url": "https://yourapp.com/webhooks/call-executed",
"webhook_events": ["started", "completed", "failed"]
}"""

GUIDE_B_CONVERTED = """{
"agent_id": "agent-123",
"phone_number": "+1234567890",
"scheduled_time": "2024-02-01T22:30:00+00:00",
"timezone": "America/Los_Angeles"
}"""

GUIDE_B_FOREVER = """{
"agent_id": "special-occasion-agent",
"phone_number": "+1234567890",
"cron_expression": "0 10 29 2 *",
"timezone": "America/New_York",
"customer_context": {
"customer_name": "John Doe",
"occasion": "birthday"
},
"max_occurrences": null
}"""

NEW = {
    "A, weekly": GUIDE_A_WEEKLY,
    "B, single": GUIDE_B_SINGLE,
    "B, recurring": GUIDE_B_RECURRING,
    "B, advanced": GUIDE_B_ADVANCED,
    "B, retries": GUIDE_B_RETRIES,
    "B, webhook": GUIDE_B_WEBHOOK,
    "B, converted": GUIDE_B_CONVERTED,
    "B, forever": GUIDE_B_FOREVER,
}
"""Those that ask for a new schedule."""
