"""Every curl of both guides, word for word."""

from __future__ import annotations

B_SINGLE = r"""curl -X POST http://localhost:8010/api/scheduled-calls \
-H "Content-Type: application/json" \
-H "Authorization: Bearer YOUR_TOKEN" \
-d '{
"agent_id": "agent-123",
"phone_number": "+1234567890",
"scheduled_time": "2024-02-01 14:30:00",
"timezone": "America/New_York",
"name": "Follow-up call for John"
}'"""

B_RECURRING = r"""curl -X POST http://localhost:8010/api/scheduled-calls/recurring \
-H "Content-Type: application/json" \
-H "Authorization: Bearer YOUR_TOKEN" \
-d '{
"agent_id": "agent-123",
"phone_number": "+1234567890",
"cron_expression": "0 9 * * MON",
"timezone": "America/New_York",
"name": "Weekly check-in",
"max_occurrences": 12
}'"""

B_LIST = r'''curl -X GET http://localhost:8010/api/scheduled-calls \
-H "Authorization: Bearer YOUR_TOKEN"'''

B_SHOW = r'''curl -X GET http://localhost:8010/api/scheduled-calls/{schedule_id} \
-H "Authorization: Bearer YOUR_TOKEN"'''

B_UPDATE = r"""curl -X PUT http://localhost:8010/api/scheduled-calls/{schedule_id} \
-H "Content-Type: application/json" \
-H "Authorization: Bearer YOUR_TOKEN" \
-d '{
"scheduled_time": "2024-02-02 10:00:00",
"customer_context": {
"notes": "Updated context"
}
}'"""

B_CANCEL = r'''curl -X DELETE http://localhost:8010/api/scheduled-calls/{schedule_id} \
-H "Authorization: Bearer YOUR_TOKEN"'''

B_PAUSE = r'''curl -X POST http://localhost:8010/api/scheduled-calls/{schedule_id}/pause \
-H "Authorization: Bearer YOUR_TOKEN"'''

B_RESUME = r'''curl -X POST http://localhost:8010/api/scheduled-calls/{schedule_id}/resume \
-H "Authorization: Bearer YOUR_TOKEN"'''

B_HISTORY = r'''curl -X GET http://localhost:8010/api/scheduled-calls/{schedule_id}/history \
-H "Authorization: Bearer YOUR_TOKEN"'''

B_HEALTH = r'''curl -X GET http://localhost:8010/api/scheduler/health \
-H "Authorization: Bearer YOUR_TOKEN"'''

A_NUMBERS = r'''curl "https://api.hyponema.ai/workspaces/$WORKSPACE_ID/phone-numbers" \
-H "Authorization: Bearer $HYPONEMA_API_KEY"'''

A_SCHEDULE = r"""curl -X POST "https://api.hyponema.ai/workspaces/$WORKSPACE_ID/schedules" \
-H "Authorization: Bearer $HYPONEMA_API_KEY" \
-H "Content-Type: application/json" \
-d '{
"agent_id": "agent_...",
"user_id": "user_...",
"single_shot": false,
"weekdays": [1, 3, 5],
"local_time": "09:30:00",
"timezone": "Europe/Madrid",
"max_attempts": 3,
"retry_delay_seconds": 600
}'"""
