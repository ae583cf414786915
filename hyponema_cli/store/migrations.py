"""How does an older workspace file become today's? One function a step; a released step is never edited.

sqlite-utils runs each step and records it in `_sqlite_migrations`. We take the write lock first (`begin immediate`),
so that of two processes that migrate at once the second waits, and then finds nothing left to do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

APPLICATION_ID = 0x68797031
"""`hyp1` in the file's header: says that a SQLite file is ours."""

SCHEMA_VERSION = 7
"""How many steps there are; kept in the header as `user_version`, where every start can read it for nothing."""


def migrate(connection: sqlite3.Connection, keep_copy: Callable[[], None] = lambda: None) -> None:
    """Bring the file to today's schema, in one transaction. Nothing happens when it is there already.

    `keep_copy` is called before anything is changed in a file that holds something, while nobody else can write.
    """
    # Imported here: sqlite-utils costs as much as all the rest of an idle tick.
    from sqlite_utils import Database, Migrations

    steps = Migrations("hyp")
    for step in STEPS:
        steps()(step)
    connection.execute("begin immediate")
    try:
        (version,) = connection.execute("pragma user_version").fetchone()
        if 0 < version < SCHEMA_VERSION:
            keep_copy()
        # Not closed with the Database: the connection is our caller's.
        steps.apply(Database(connection))
        connection.execute(f"pragma application_id = {APPLICATION_ID}")
        connection.execute(f"pragma user_version = {SCHEMA_VERSION}")
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def m0001_the_spine(db: Database) -> None:
    """Agents, users, numbers, schedules, executions, calls, events, settings."""
    _run(db, SPINE)


def m0002_the_gates(db: Database) -> None:
    """Sessions, suppressions, calling windows, caps, turns, and what the dial journal is compared with.

    A call may be over without an id at its carrier, as long as its row says why: dialled again from a doubt, or
    brought back from the journal.

    The indexes of what is live say `finished_at is null`: it is the same by the tables' CHECKs, and a change from one
    live state to another leaves them alone.
    """
    _run(db, GATES)


def m0003_the_carriers(db: Database) -> None:
    """How long an agent's phones ring and talk, what calls cost, and which carriers are left alone for a while."""
    _run(db, CARRIERS)


def m0004_the_outbox(db: Database) -> None:
    """What receivers are to be told."""
    _run(db, OUTBOX)


def m0005_the_counts(db: Database) -> None:
    """What a monitor asks every minute, counted as rows change: to count a million schedules takes as long as a tick.

    `schedule_counts` says how many schedules are in each state now. `ended_counts` says how often an execution has
    ended in each state, and never goes back: one that is opened again and ends again has ended twice.
    """
    _run(db, COUNTS)


def m0006_the_tools(db: Database) -> None:
    """What agents may do during a conversation, what they did, and what they have proposed and promised.

    What came of a conversation is told by id only: old schedules may be deleted, and the conversation was as it was.
    """
    _run(db, TOOLS)


def m0007_the_server(db: Database) -> None:
    """Who may ask `hyp serve` for what, and what was made for requests that may come again.

    Of a token only a digest is kept: whoever reads the file, or a copy of it, cannot use it. Of a request only a
    digest and the id of what it made: nothing in these tables is about a person.
    """
    _run(db, SERVER)


STEPS = (
    m0001_the_spine,
    m0002_the_gates,
    m0003_the_carriers,
    m0004_the_outbox,
    m0005_the_counts,
    m0006_the_tools,
    m0007_the_server,
)


def _run(db: Database, statements: str) -> None:
    for statement in statements.split(";\n\n"):
        db.execute(statement)


SPINE = """\
create table settings (
  key text primary key,
  value text not null
) strict;

create table agents (
  id text primary key,
  name text not null check (name <> ''),
  answer_url text,
  stream_url text,
  application_sid text,
  created_at text not null,
  updated_at text not null,
  removed_at text,
  check ((answer_url is not null) + (stream_url is not null) + (application_sid is not null) <= 1)
) strict;

create index agents_by_name on agents (name);

create table users (
  id text primary key,
  name text not null check (name <> ''),
  phone_number text not null check (phone_number glob '+[1-9]*'),
  timezone text,
  local_time text check (local_time glob '[0-2][0-9]:[0-5][0-9]:[0-5][0-9]'),
  context text not null default '{}' check (json_valid(context)),
  created_at text not null,
  updated_at text not null,
  removed_at text
) strict;

create index users_by_name on users (name);

create index users_by_phone_number on users (phone_number);

create table numbers (
  id text primary key,
  phone_number text not null unique check (phone_number glob '+[1-9]*'),
  carrier text not null,
  label text,
  agent_id text references agents (id),
  attached_at text,
  created_at text not null,
  updated_at text not null,
  check ((agent_id is null) = (attached_at is null))
) strict;

create index numbers_by_agent on numbers (agent_id, attached_at, id) where agent_id is not null;

create table schedules (
  id text primary key,
  agent_id text not null references agents (id),
  user_id text references users (id),
  to_number text check (to_number glob '+[1-9]*'),
  kind text not null check (kind in ('once', 'weekly', 'cron')),
  weekdays text,
  local_time text check (local_time glob '[0-2][0-9]:[0-5][0-9]:[0-5][0-9]'),
  cron_expression text,
  run_at text,
  run_local text,
  run_fold integer not null default 0 check (run_fold in (0, 1)),
  timezone text,
  status text not null check (status in ('active', 'paused', 'completed', 'exhausted', 'canceled')),
  status_reason text,
  name text,
  description text,
  customer_context text not null default '{}' check (json_valid(customer_context)),
  metadata text not null default '{}' check (json_valid(metadata)),
  max_occurrences integer check (max_occurrences > 0),
  start_at text,
  until_at text,
  max_attempts integer not null check (max_attempts > 0),
  retry_delay_seconds integer not null check (retry_delay_seconds >= 0),
  backoff text not null check (backoff in ('fixed', 'exponential')),
  retry_on text not null,
  catch_up_window_seconds integer check (catch_up_window_seconds >= 0),
  webhook_url text,
  webhook_events text not null default '',
  priority integer not null default 0,
  ref text unique,
  created_by text not null,
  created_at text not null,
  updated_at text not null,
  next_run_at text,
  next_slot text,
  next_note text,
  accounted_until text not null,
  trouble text,
  check ((user_id is null) <> (to_number is null)),
  check ((kind = 'weekly') = (weekdays is not null)),
  check ((kind = 'cron') = (cron_expression is not null)),
  check ((kind = 'once') = ((run_at is null) <> (run_local is null))),
  check (status in ('active', 'paused') or next_run_at is null),
  check (trouble is null or next_run_at is null),
  check ((next_run_at is null) = (next_slot is null))
) strict;

create index schedules_due on schedules (next_run_at, id) where next_run_at is not null;

create index schedules_live on schedules (agent_id, next_run_at, id) where status in ('active', 'paused');

create index schedules_by_user on schedules (user_id) where user_id is not null;

create index schedules_by_name on schedules (name) where name is not null;

create table executions (
  id text primary key,
  schedule_id text not null references schedules (id),
  kind text not null check (kind in ('scheduled', 'manual', 'withdrawn')),
  slot text,
  scheduled_time text not null,
  due_at text not null,
  deadline_at text not null,
  priority integer not null default 0,
  status text not null check (status in ('pending', 'dialing', 'in_progress', 'waiting_retry', 'in_doubt',
    'completed', 'exhausted', 'failed', 'skipped', 'missed', 'canceled')),
  reason text,
  note text,
  gates text check (gates is null or json_valid(gates)),
  attempts integer not null default 0 check (attempts >= 0),
  from_number text,
  actual_time text,
  finished_at text,
  created_at text not null,
  check ((kind = 'manual') = (slot is null)),
  check (kind <> 'withdrawn' or status = 'canceled'),
  check ((finished_at is not null)
    = (status in ('completed', 'exhausted', 'failed', 'skipped', 'missed', 'canceled'))),
  check (status not in ('failed', 'skipped', 'missed', 'canceled') or reason is not null)
) strict;

create unique index one_execution_a_slot on executions (schedule_id, slot) where kind = 'scheduled';

create unique index one_execution_an_instant on executions (schedule_id, scheduled_time) where kind = 'scheduled';

create index executions_due on executions (due_at, priority desc, id) where status in ('pending', 'waiting_retry');

create index executions_open on executions (schedule_id)
  where status in ('pending', 'dialing', 'in_progress', 'waiting_retry', 'in_doubt');

create index executions_by_schedule on executions (schedule_id, scheduled_time, id);

create index executions_by_time on executions (scheduled_time, id);

create table calls (
  id text primary key,
  execution_id text not null references executions (id),
  number integer not null check (number > 0),
  carrier text not null,
  carrier_call_id text,
  from_number text not null,
  to_number text not null,
  status text not null check (status in ('placing', 'queued', 'ringing', 'in_progress', 'in_doubt',
    'completed', 'busy', 'no_answer', 'rejected', 'canceled', 'failed', 'not_placed')),
  reason text,
  error text,
  answered_by text,
  deadline_at text not null,
  created_at text not null,
  placed_at text,
  next_poll_at text,
  looks integer not null default 0 check (looks >= 0),
  found text check (found in ('none', 'several', 'could_not_look')),
  finished_at text,
  duration_seconds integer,
  check ((finished_at is not null)
    = (status in ('completed', 'busy', 'no_answer', 'rejected', 'canceled', 'failed', 'not_placed'))),
  check (status in ('placing', 'in_doubt', 'rejected', 'not_placed') or carrier_call_id is not null
    or reason = 'resolved_by_operator')
) strict;

create unique index one_request_an_attempt on calls (execution_id, number) where status <> 'not_placed';

create unique index one_live_call_an_execution on calls (execution_id)
  where status in ('placing', 'queued', 'ringing', 'in_progress', 'in_doubt');

create unique index one_live_call_a_callee on calls (to_number)
  where status in ('placing', 'queued', 'ringing', 'in_progress', 'in_doubt');

create unique index one_row_a_carrier_call on calls (carrier, carrier_call_id) where carrier_call_id is not null;

create index calls_by_execution on calls (execution_id, id);

create index calls_to_follow on calls (next_poll_at, id) where status in ('queued', 'ringing', 'in_progress');

create index calls_in_doubt on calls (next_poll_at, id) where status = 'in_doubt';

create index calls_placing on calls (created_at) where status = 'placing';

create table events (
  id integer primary key,
  at text not null,
  actor text not null,
  name text not null,
  schedule_id text,
  execution_id text,
  call_id text,
  subject_id text,
  reason text,
  detail text check (detail is null or json_valid(detail))
) strict;

create index events_by_execution on events (execution_id) where execution_id is not null;

create index events_by_schedule on events (schedule_id) where schedule_id is not null;

create trigger events_are_never_rewritten before update on events begin
  select raise(abort, 'events are append-only');
end"""


GATES = """\
alter table users add column calling_window text;

alter table schedules add column calling_window text;

alter table schedules add column on_doubt_seconds integer check (on_doubt_seconds > 0);

create table former_numbers (
  user_id text not null references users (id),
  phone_number text not null,
  primary key (user_id, phone_number)
) strict, without rowid;

create table sessions (
  id text primary key,
  user_id text references users (id),
  phone_number text not null check (phone_number glob '+[1-9]*'),
  channel text,
  started_at text not null,
  touched_at text not null,
  expires_at text not null,
  ended_at text
) strict;

create index sessions_live_by_number on sessions (phone_number, expires_at) where ended_at is null;

create index sessions_live_by_user on sessions (user_id, expires_at) where ended_at is null and user_id is not null;

create table suppressions (
  phone_number text primary key check (phone_number glob '+[1-9]*'),
  reason text,
  created_by text not null,
  created_at text not null,
  expires_at text
) strict, without rowid;

create table turns (
  account text primary key,
  next_at text not null
) strict, without rowid;

create table journal (
  one integer primary key check (one = 1),
  id text not null,
  dials integer not null check (dials >= 0)
) strict;

insert into journal values (1, lower(hex(randomblob(16))), 0);

create index schedules_by_number on schedules (to_number) where to_number is not null;

alter table calls rename to old_calls;

create table calls (
  id text primary key,
  execution_id text not null references executions (id),
  number integer not null check (number > 0),
  carrier text not null,
  carrier_call_id text,
  from_number text not null,
  to_number text not null,
  status text not null check (status in ('placing', 'queued', 'ringing', 'in_progress', 'in_doubt',
    'completed', 'busy', 'no_answer', 'rejected', 'canceled', 'failed', 'not_placed')),
  reason text,
  error text,
  answered_by text,
  deadline_at text not null,
  created_at text not null,
  placed_at text,
  next_poll_at text,
  looks integer not null default 0 check (looks >= 0),
  found text check (found in ('none', 'several', 'could_not_look')),
  finished_at text,
  duration_seconds integer,
  check ((finished_at is not null)
    = (status in ('completed', 'busy', 'no_answer', 'rejected', 'canceled', 'failed', 'not_placed'))),
  check (status not in ('queued', 'ringing', 'in_progress') or carrier_call_id is not null),
  check (carrier_call_id is not null or finished_at is null or reason is not null)
) strict;

insert into calls select id, execution_id, number, carrier, carrier_call_id, from_number, to_number, status,
  coalesce(reason, iif(carrier_call_id is null and finished_at is not null, status, null)), error, answered_by,
  deadline_at, created_at, placed_at, next_poll_at, looks, found, finished_at, duration_seconds from old_calls;

drop table old_calls;

create unique index one_request_an_attempt on calls (execution_id, number) where status <> 'not_placed';

create unique index one_live_call_an_execution on calls (execution_id) where finished_at is null;

create unique index one_live_call_a_callee on calls (to_number) where finished_at is null;

create unique index one_row_a_carrier_call on calls (carrier, carrier_call_id) where carrier_call_id is not null;

create index calls_by_execution on calls (execution_id, id);

create index calls_to_follow on calls (next_poll_at, id) where status in ('queued', 'ringing', 'in_progress');

create index calls_in_doubt on calls (next_poll_at, id) where status = 'in_doubt';

create index calls_placing on calls (created_at) where status = 'placing';

drop index executions_open;

create index executions_open on executions (schedule_id) where finished_at is null;

create index calls_by_callee on calls (to_number, created_at);

create index events_by_subject on events (subject_id) where subject_id is not null;

create trigger events_are_never_deleted before delete on events begin
  select raise(abort, 'events are append-only');
end"""


CARRIERS = """\
alter table agents add column ring_timeout_seconds integer check (ring_timeout_seconds > 0);

alter table agents add column time_limit_seconds integer check (time_limit_seconds > 0);

alter table agents add column machine_detection text not null default 'off'
  check (machine_detection in ('off', 'on', 'message-end'));

alter table agents add column call_reason text;

alter table calls add column price text;

alter table calls add column currency text;

create index calls_to_price on calls (next_poll_at) where finished_at is not null and next_poll_at is not null;

create table holds (
  account text not null,
  from_number text not null,
  problem text not null,
  until text not null,
  primary key (account, from_number)
) strict, without rowid"""


OUTBOX = """\
create table webhooks (
  seq integer primary key,
  id text not null unique,
  execution_id text not null,
  schedule_id text not null,
  event text not null
    check (event in ('started', 'completed', 'failed', 'exhausted', 'missed', 'skipped', 'in_doubt')),
  url text not null,
  body text not null check (json_valid(body)),
  status text not null check (status in ('pending', 'delivered', 'dead')),
  attempts integer not null default 0,
  next_try_at text,
  claimed integer not null default 0 check (claimed in (0, 1)),
  give_up_at text not null,
  last_error text,
  created_at text not null,
  finished_at text,
  check ((next_try_at is not null) = (status = 'pending')),
  check ((finished_at is not null) = (status <> 'pending'))
) strict;

create index webhooks_due on webhooks (next_try_at, seq) where status = 'pending';

create index webhooks_in_line on webhooks (execution_id, seq) where status = 'pending';

create index webhooks_undelivered on webhooks (status) where status <> 'delivered'"""


COUNTS = """\
create table schedule_counts (
  status text primary key,
  count integer not null check (count >= 0)
) strict, without rowid;

insert into schedule_counts
  select value, (select count(*) from schedules where status = value)
  from json_each('["active", "paused", "completed", "exhausted", "canceled"]');

create trigger schedules_are_counted_in after insert on schedules begin
  update schedule_counts set count = count + 1 where status = new.status;
end;

create trigger schedules_are_counted_on after update of status on schedules when old.status <> new.status begin
  update schedule_counts set count = count - 1 where status = old.status;
  update schedule_counts set count = count + 1 where status = new.status;
end;

create trigger schedules_are_counted_out after delete on schedules begin
  update schedule_counts set count = count - 1 where status = old.status;
end;

create table ended_counts (
  status text primary key,
  count integer not null check (count >= 0)
) strict, without rowid;

insert into ended_counts
  select value, (select count(*) from executions where status = value)
  from json_each('["completed", "exhausted", "failed", "skipped", "missed", "canceled"]');

create trigger ends_are_counted after update of finished_at on executions
  when old.finished_at is null and new.finished_at is not null begin
  update ended_counts set count = count + 1 where status = new.status;
end;

create trigger ends_at_birth_are_counted after insert on executions when new.finished_at is not null begin
  update ended_counts set count = count + 1 where status = new.status;
end;

create index executions_unsuccessful on executions (finished_at) where status in ('failed', 'exhausted', 'missed')"""


TOOLS = """\
create table agent_tools (
  agent_id text not null references agents (id),
  tool text not null check (tool in ('schedule_callback', 'manage_callback')),
  enabled_at text not null,
  primary key (agent_id, tool)
) strict, without rowid;

create table tool_calls (
  id text primary key,
  session_id text not null references sessions (id),
  agent_id text not null references agents (id),
  tool text not null,
  arguments text not null check (json_valid(arguments)),
  status text not null,
  answer text not null check (json_valid(answer)),
  run_at text,
  schedule_id text,
  at text not null
) strict;

create index tool_calls_of_session on tool_calls (session_id, id);

create table proposals (
  id text primary key,
  session_id text not null references sessions (id),
  agent_id text not null references agents (id),
  tool text not null,
  action text not null check (action in ('book', 'move', 'cancel', 'move_series', 'cancel_series')),
  schedule_id text,
  occurrence_at text,
  run_at text,
  details text not null check (json_valid(details)),
  created_at text not null,
  expires_at text not null,
  confirmed_at text,
  kept_by text,
  check ((action = 'book') = (schedule_id is null)),
  check (action not in ('book', 'move') or run_at is not null),
  check (kept_by is null or confirmed_at is not null)
) strict;

create index proposals_of_session on proposals (session_id, id);

create index promises on proposals (run_at) where confirmed_at is not null and run_at is not null"""


SERVER = """\
create table tokens (
  id text primary key,
  name text not null unique check (name <> ''),
  digest text not null check (length(digest) = 64),
  scopes text not null check (scopes <> ''),
  created_at text not null
) strict, without rowid;

create table idempotency_keys (
  token text not null,
  key text not null,
  asked text not null,
  made text not null,
  created_at text not null,
  primary key (token, key)
) strict, without rowid;

create index idempotency_keys_by_age on idempotency_keys (created_at)"""
