# Completion of hyp for fish. Generated from hyp's own commands; `hyp completion fish` prints it.

# What can stand behind a command. Sets verbs (as NAME|what it is for), switches (as NAME|KIND+KIND|what it is for),
# arguments (a kind each) and goes_on, for when the last argument can be given again.
function __hyp_spot --no-scope-shadowing
    switch "$argv[1]"
        case 'hyp'
            set verbs 'init|make a workspace, the file that holds everything' 'demo|a week of simulated calls in seconds; needs nothing' 'doctor|what is wrong here, and how to mend it' 'health|is all well? for monitors' 'metrics|the same and more, for Prometheus' 'report|days at a glance, as a page for people without a terminal' 'agents|the voice agents that talk' 'users|the people who are called' 'numbers|the numbers that calls show' 'carriers|what rings phones, and how it is' 'schedules|the rules: who calls whom, when' 'occurrences|when a rule fires, before it is stored or after' 'why|why it rang, why it did not, and when it will' 'simulate|the coming days in seconds; nobody is dialled' 'tick|one pass, for cron: dial what is due' 'run-worker|the same as a service, to the second' 'serve|the routes of both guides, as a service' 'history|what happened to every occurrence' 'calls|one call, with all that is known of it' 'reconcile|settle calls of which nobody knows whether they were made' 'sessions|conversations that no call may interrupt' 'tools|what agents may do in a conversation: book, move, cancel' 'mcp|the same, and what operators may look at, for models' 'promises|calls that agents promised, and whether they were made' 'suppressions|numbers that must not be dialled' 'webhooks|what others were told, and what waits for them' 'tokens|who may use them' 'config|settings: live, timezone, calling_window, call_cap, ...' 'db|back up, check, migrate, prune, vacuum' 'setup|lines for cron or units for systemd, that keep it going' 'help|a command or a topic: exit-codes, environment, files, ...' 'man|manual pages' 'completion|what makes Tab work in bash, zsh and fish'
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-V||Show the version.' '--version||Show the version.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp init'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp demo'
            set verbs
            set switches '--keep|files|Keep the workspace in this file, to look around in.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp doctor'
            set verbs
            set switches '--online||Ask the carriers, too. Nothing is dialled; a good answer lifts a hold.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '--jsonl||Answer in JSON, a line a row.' '--ids||Only the ids, a line each.' '--fields|any|Only these fields, named as in JSON; in any form but --ids.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp health'
            set verbs
            set switches '--max-lag|any|How long a call may be due unseen; 0: any time.' '--max-heartbeat|any|How old the last pass may be; 0: any age.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp metrics'
            set verbs
            set switches '--write|files|Put them into this file, whole or not at all.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp report'
            set verbs
            set switches '--html|files|Put the page into this file; - is stdout.' '--since|any|Since an instant, a date, or 7d.' '--until|any|Up to an instant or a date.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp agents'
            set verbs 'add|Add an agent' 'list|List the agents' 'show|Show one agent, its numbers and how many schedules it has' 'edit|Change what is given, and nothing else' 'tools|List what an agent may do during a conversation, or let it do more or less' 'remove|Remove an agent that no live schedule needs'
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp agents add'
            set verbs
            set switches '--answer-url|any|Where the carrier asks what to do when the call is answered.' '--stream-url|any|The WebSocket that gets the call\'s audio (wss://).' '--application-sid|any|An application stored at the carrier.' '--ring-timeout|any|How long the phone rings.' '--time-limit|any|How long a call may last.' '--machine-detection|one:off,on,message-end|Listen for a machine before the agent talks; message-end: to its end.' '--call-reason|any|Shown to the callee, where networks carry it.' '--id|any|Your own id for it; else one is made.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments any
            set goes_on
        case 'hyp agents list'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '--limit|any|How many at most; 0 is all.' '--jsonl||Answer in JSON, a line a row.' '--ids||Only the ids, a line each.' '--fields|each:id,name,answer_url,stream_url,application_sid,ring_timeout_seconds,time_limit_seconds,machine_detection,call_reason,created_at,updated_at|Only these fields, named as in JSON; in any form but --ids.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp agents show'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:agents
            set goes_on
        case 'hyp agents edit'
            set verbs
            set switches '--answer-url|any|Where the carrier asks what to do when the call is answered.' '--stream-url|any|The WebSocket that gets the call\'s audio (wss://).' '--application-sid|any|An application stored at the carrier.' '--ring-timeout|any|How long the phone rings.' '--time-limit|any|How long a call may last.' '--machine-detection|one:off,on,message-end|Listen for a machine before the agent talks; message-end: to its end.' '--call-reason|any|Shown to the callee, where networks carry it.' '--name|any|Its new name.' '--clear|any|Unset a field: ring_timeout, time_limit, call_reason.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:agents
            set goes_on
        case 'hyp agents tools'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:agents one:enable,disable one:schedule_callback,manage_callback
            set goes_on yes
        case 'hyp agents remove'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:agents
            set goes_on
        case 'hyp users'
            set verbs 'add|Add a user' 'import|Add a user for each row of a file' 'export|Write the users as "users import" reads them; without a file, as CSV to standard output' 'list|List the users' 'show|Show one user, and how many live schedules call them' 'edit|Change what is given, and nothing else' 'remove|Remove a user whom no live schedule calls' 'forget|Delete what is known of a person, for good: name, numbers, context, and their traces in all that was called'
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp users add'
            set verbs
            set switches '--phone|any|Their number.' '--id|any|Your own id for them; else one is made.' '--tz|ask:zones|Where they live, as in Europe/Madrid.' '--local-time|any|When they are usually called, on their clocks.' '--window|one:us-tcpa,fr,es,always|When they may be called, on their clocks: \'mon-fri 09:00-20:00\', us-tcpa, fr, es, always.' '--context|any|What the agent should know; may be repeated.' '--context-json|any|The same, as a JSON object.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments any
            set goes_on
        case 'hyp users import'
            set verbs
            set switches '--format|one:csv,json,jsonl|Else the file\'s ending says it; - is csv, unless it begins as JSON.' '--delimiter|any|What separates CSV columns; else a comma, semicolon or tab, as in its first line.' '--partial||Store the good rows, though others are no good.' '--rejected|files|Write all bad rows there, to be mended and imported.' '--name|any|As in \'{first} {last}\'.' '--phone|any|As in \'{mobile}\'.' '--id|any|As in \'crm-{number}\'.' '--tz|ask:zones|Where they live, as in Europe/Madrid.' '--local-time|any|When they are usually called, on their clocks.' '--window|one:us-tcpa,fr,es,always|When they may be called, on their clocks: \'mon-fri 09:00-20:00\', us-tcpa, fr, es, always.' '--context|any|What the agent should know; may be repeated.' '--context-json|any|The same, as a JSON object.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments files
            set goes_on
        case 'hyp users export'
            set verbs
            set switches '--format|one:csv,json,jsonl|Else the file\'s ending says it; - is csv, unless it begins as JSON.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments files
            set goes_on
        case 'hyp users list'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '--limit|any|How many at most; 0 is all.' '--jsonl||Answer in JSON, a line a row.' '--ids||Only the ids, a line each.' '--fields|each:id,name,phone_number,timezone,local_time,calling_window,context,created_at,updated_at|Only these fields, named as in JSON; in any form but --ids.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp users show'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:users
            set goes_on
        case 'hyp users edit'
            set verbs
            set switches '--name|any|Their new name.' '--phone|any|Their new number.' '--tz|ask:zones|Where they live, as in Europe/Madrid.' '--local-time|any|When they are usually called, on their clocks.' '--window|one:us-tcpa,fr,es,always|When they may be called, on their clocks: \'mon-fri 09:00-20:00\', us-tcpa, fr, es, always.' '--context|any|What the agent should know; may be repeated.' '--context-json|any|The same, as a JSON object.' '--clear|any|Unset timezone, local_time or window.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:users
            set goes_on
        case 'hyp users remove'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:users
            set goes_on
        case 'hyp users forget'
            set verbs
            set switches '--also-suppressions||Take their number off the list of those not to be dialled.' '--reason|any|Why; kept in the trail.' '-n||Count, and change nothing.' '--dry-run||Count, and change nothing.' '-y||Do not ask.' '--yes||Do not ask.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:users,phones
            set goes_on
        case 'hyp numbers'
            set verbs 'add|Add a number on a carrier' 'list|List the numbers' 'show|Show one number' 'edit|Change what is given, and nothing else' 'attach|Give a number to an agent: its calls show it' 'detach|Take a number from its agent, unless live schedules would be left without a number to show' 'release|Remove a number from hyp, unless live schedules need it'
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp numbers add'
            set verbs
            set switches '--carrier|ask:carriers|Where it is rented; see: hyp carriers list' '--label|any|A word for people.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments any
            set goes_on
        case 'hyp numbers list'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '--limit|any|How many at most; 0 is all.' '--jsonl||Answer in JSON, a line a row.' '--ids||Only the ids, a line each.' '--fields|each:id,phone_number,carrier,label,agent_id,created_at,updated_at|Only these fields, named as in JSON; in any form but --ids.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp numbers show'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:numbers
            set goes_on
        case 'hyp numbers edit'
            set verbs
            set switches '--carrier|any|Where it is rented now; see: hyp carriers list' '--label|any|A word for people.' '--clear|any|Unset a field: label.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:numbers
            set goes_on
        case 'hyp numbers attach'
            set verbs
            set switches '--move||Take it from the agent that has it.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:numbers ask:agents
            set goes_on
        case 'hyp numbers detach'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:numbers
            set goes_on
        case 'hyp numbers release'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:numbers
            set goes_on
        case 'hyp carriers'
            set verbs 'list|List the carriers that numbers can be added on, and the accounts in use' 'check|Ask a carrier whether calls could be placed now: its credentials, and whether it can be reached'
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp carriers list'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '--jsonl||Answer in JSON, a line a row.' '--ids||Only the ids, a line each.' '--fields|any|Only these fields, named as in JSON; in any form but --ids.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp carriers check'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:carriers
            set goes_on
        case 'hyp schedules'
            set verbs 'add|Add a schedule' 'list|List the schedules by agent, with next firing and last run' 'show|Show one schedule and when it fires next' 'edit|Change what is given, and nothing else' 'pause|Stop schedules from dialling until they are resumed' 'resume|Let paused schedules dial again, from their next time on' 'cancel|End schedules for good; their history stays' 'skip|Call off one time of a schedule that repeats, the next one, and keep the rest' 'run-now|Call now, beside the rule: the next regular call still happens' 'import|Add a schedule for each row of a file' 'export|Write the live schedules as "schedules import" reads them; without a file, as CSV to standard output'
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp schedules add'
            set verbs
            set switches '--weekdays|any|ISO weekdays, 1 is Monday: 1,3,5 or mon-fri.' '--at|any|HH:MM with --weekdays; else an instant such as \'2026-12-01 14:30\', or now.' '--cron|any|Five fields: \'0 9 * * MON-FRI\'.' '--in|any|Once, after this long: 15m.' '--before|any|That long before --at: 24h of real time, 1d on the wall, 1d2h.' '--tz|ask:zones|The clocks that the time is on, as in Europe/Madrid.' '--fold|one:first,second|Which one, for a time that happens twice when the clocks go back.' '--agent|ask:agents|Who talks; may be left out if there is one.' '--user|ask:users|Who is called; may be left out if there is one.' '--to|ask:phones|A number to call, instead of a user.' '--allow-past||Call now, if the instant has passed.' '--name|any|What people call it.' '--description|any|What it is for.' '--context|any|What the agent should know; may be repeated.' '--context-json|any|The same, as a JSON object.' '--metadata|any|What your own tools should know.' '--max-occurrences|any|Stop after N calls.' '--start|any|Not before this date or instant.' '--until|any|Not after this date or instant.' '--max-attempts|any|Calls to make until one is answered.' '--max-retries|any|The same, not counting the first call.' '--retry-delay|any|The wait before the next.' '--backoff|one:fixed,exponential|How the wait grows.' '--retry-on|each:no_answer,busy,timeout,failed,voicemail|no_answer,busy,timeout,failed,voicemail.' '--catch-up-window|any|How late a call may still go out.' '--window|one:us-tcpa,fr,es,always|When it may call, on the callee\'s clocks: \'mon-fri 09:00-20:00\', us-tcpa, fr, es, always.' '--on-doubt|one:hold,redial-after|After a call that may or may not have been made: hold, or dial once more.' '--webhook-url|any|Who is told what becomes of its calls, instead of the workspace\'s.' '--webhook-event|each:started,completed,failed,exhausted,missed,skipped,in_doubt|What to tell: started, completed, failed, …' '--priority|any|Higher goes first at the same time.' '--paused||Store it without starting it.' '--ref|any|Your own key: adding it again is safe.' '--from-json|files|Read a request body; - is standard input.' '-n||Say what would be stored, and store nothing.' '--dry-run||Say what would be stored, and store nothing.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp schedules list'
            set verbs
            set switches '--agent|ask:agents|Only this agent\'s.' '--user|ask:users|Only this user\'s.' '--status|each:active,paused,completed,exhausted,canceled,all|active,paused,completed,exhausted,canceled or all.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '--limit|any|How many at most; 0 is all.' '--jsonl||Answer in JSON, a line a row.' '--ids||Only the ids, a line each.' '--fields|each:id,kind,single_shot,agent_id,user_id,phone_number,weekdays,local_time,local_time_from,cron_expression,run_at,timezone,timezone_from,enabled,status,status_reason,name,description,customer_context,metadata,max_occurrences,start_at,until_at,max_attempts,retry_delay_seconds,backoff,retry_on,catch_up_window_seconds,calling_window,calling_window_from,on_doubt,redial_after_seconds,webhook_url,webhook_events,priority,ref,last_run_at,next_run_at,trouble,last_status,created_by,created_at,updated_at|Only these fields, named as in JSON; in any form but --ids.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp schedules show'
            set verbs
            set switches '--next|any|How many coming firings to show.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:schedules
            set goes_on
        case 'hyp schedules edit'
            set verbs
            set switches '--weekdays|any|ISO weekdays, 1 is Monday: 1,3,5 or mon-fri.' '--at|any|HH:MM with --weekdays; else an instant such as \'2026-12-01 14:30\', or now.' '--cron|any|Five fields: \'0 9 * * MON-FRI\'.' '--in|any|Once, after this long: 15m.' '--before|any|That long before --at: 24h of real time, 1d on the wall, 1d2h.' '--tz|ask:zones|The clocks that the time is on, as in Europe/Madrid.' '--fold|one:first,second|Which one, for a time that happens twice when the clocks go back.' '--agent|ask:agents|Who talks; may be left out if there is one.' '--user|ask:users|Who is called; may be left out if there is one.' '--to|ask:phones|A number to call, instead of a user.' '--allow-past||Call now, if the instant has passed.' '--name|any|What people call it.' '--description|any|What it is for.' '--context|any|What the agent should know; may be repeated.' '--context-json|any|The same, as a JSON object.' '--metadata|any|What your own tools should know.' '--max-occurrences|any|Stop after N calls.' '--start|any|Not before this date or instant.' '--until|any|Not after this date or instant.' '--max-attempts|any|Calls to make until one is answered.' '--max-retries|any|The same, not counting the first call.' '--retry-delay|any|The wait before the next.' '--backoff|one:fixed,exponential|How the wait grows.' '--retry-on|each:no_answer,busy,timeout,failed,voicemail|no_answer,busy,timeout,failed,voicemail.' '--catch-up-window|any|How late a call may still go out.' '--window|one:us-tcpa,fr,es,always|When it may call, on the callee\'s clocks: \'mon-fri 09:00-20:00\', us-tcpa, fr, es, always.' '--on-doubt|one:hold,redial-after|After a call that may or may not have been made: hold, or dial once more.' '--webhook-url|any|Who is told what becomes of its calls, instead of the workspace\'s.' '--webhook-event|each:started,completed,failed,exhausted,missed,skipped,in_doubt|What to tell: started, completed, failed, …' '--priority|any|Higher goes first at the same time.' '--clear|each:catch_up_window,context,description,max_occurrences,metadata,name,start,timezone,until,webhook_events,webhook_url,window|Unset a field: until, timezone, webhook_url …' '--from-json|files|Read a request body; - is standard input.' '-n||Say what would be stored, and store nothing.' '--dry-run||Say what would be stored, and store nothing.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:schedules
            set goes_on
        case 'hyp schedules pause'
            set verbs
            set switches '--reason|any|Why; kept with the schedule.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:schedules
            set goes_on yes
        case 'hyp schedules resume'
            set verbs
            set switches '--reason|any|Why; kept with the schedule.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:schedules
            set goes_on yes
        case 'hyp schedules cancel'
            set verbs
            set switches '--reason|any|Why; kept with the schedule.' '-y||Do not ask.' '--yes||Do not ask.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:schedules
            set goes_on yes
        case 'hyp schedules skip'
            set verbs
            set switches '--at|any|Which one, if not the next; see: hyp occurrences SCHEDULE.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:schedules
            set goes_on
        case 'hyp schedules run-now'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:schedules
            set goes_on
        case 'hyp schedules import'
            set verbs
            set switches '--format|one:csv,json,jsonl|Else the file\'s ending says it; - is csv, unless it begins as JSON.' '--delimiter|any|What separates CSV columns; else a comma, semicolon or tab, as in its first line.' '--partial||Store the good rows, though others are no good.' '--rejected|files|Write all bad rows there, to be mended and imported.' '--weekdays|any|ISO weekdays, 1 is Monday: 1,3,5 or mon-fri.' '--at|any|HH:MM with --weekdays; else an instant such as \'2026-12-01 14:30\', or now.' '--cron|any|Five fields: \'0 9 * * MON-FRI\'.' '--in|any|Once, after this long: 15m.' '--before|any|That long before --at: 24h of real time, 1d on the wall, 1d2h.' '--tz|ask:zones|The clocks that the time is on, as in Europe/Madrid.' '--fold|one:first,second|Which one, for a time that happens twice when the clocks go back.' '--agent|ask:agents|Who talks; may be left out if there is one.' '--user|ask:users|Who is called; may be left out if there is one.' '--to|ask:phones|A number to call, instead of a user.' '--allow-past||Call now, if the instant has passed.' '--name|any|What people call it.' '--description|any|What it is for.' '--context|any|What the agent should know; may be repeated.' '--context-json|any|The same, as a JSON object.' '--metadata|any|What your own tools should know.' '--max-occurrences|any|Stop after N calls.' '--start|any|Not before this date or instant.' '--until|any|Not after this date or instant.' '--max-attempts|any|Calls to make until one is answered.' '--max-retries|any|The same, not counting the first call.' '--retry-delay|any|The wait before the next.' '--backoff|one:fixed,exponential|How the wait grows.' '--retry-on|each:no_answer,busy,timeout,failed,voicemail|no_answer,busy,timeout,failed,voicemail.' '--catch-up-window|any|How late a call may still go out.' '--window|one:us-tcpa,fr,es,always|When it may call, on the callee\'s clocks: \'mon-fri 09:00-20:00\', us-tcpa, fr, es, always.' '--on-doubt|one:hold,redial-after|After a call that may or may not have been made: hold, or dial once more.' '--webhook-url|any|Who is told what becomes of its calls, instead of the workspace\'s.' '--webhook-event|each:started,completed,failed,exhausted,missed,skipped,in_doubt|What to tell: started, completed, failed, …' '--priority|any|Higher goes first at the same time.' '--ref|one:live,timezone,catch_up_window,calling_window,call_cap,pace,concurrency,daily_budget,webhook_url,webhook_events,webhook_allow_private,heartbeat_url,callback_url|Your own key, as in \'{id}-birthday\': again is safe.' '--paused||Store them without starting them.' '--tz-column|any|The column that holds the timezone.' '--stagger|any|Let each row\'s call go out so much later.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments files
            set goes_on
        case 'hyp schedules export'
            set verbs
            set switches '--format|one:csv,json,jsonl|Else the file\'s ending says it; - is csv, unless it begins as JSON.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments files
            set goes_on
        case 'hyp occurrences'
            set verbs
            set switches '--weekdays|any|ISO weekdays, 1 is Monday: 1,3,5 or mon-fri.' '--at|any|HH:MM with --weekdays; else an instant such as \'2026-12-01 14:30\', or now.' '--cron|any|Five fields: \'0 9 * * MON-FRI\'.' '--in|any|Once, after this long: 15m.' '--before|any|That long before --at: 24h of real time, 1d on the wall, 1d2h.' '--tz|ask:zones|The clocks that the time is on, as in Europe/Madrid.' '--fold|one:first,second|Which one, for a time that happens twice when the clocks go back.' '-n|any|How many; 0 is all up to --until.' '--count|any|How many; 0 is all up to --until.' '--after|any|Only later than this instant.' '--until|any|Not later than this instant or date.' '--calendar||Draw months, with what the clocks do; by default the first that has one.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '--jsonl||Answer in JSON, a line a row.' '--ids||Only the ids, a line each.' '--fields|any|Only these fields, named as in JSON; in any form but --ids.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:schedules
            set goes_on
        case 'hyp why'
            set verbs
            set switches '--at|any|For the call at or before a past instant, or after a coming one.' '--gate|one:schedule_active,in_time,database_current,caller_id,carrier_live,suppressed,live_session,line_busy,overlap,calling_window,call_cap,pace,concurrency,budget|Show only this gate; may be repeated.' '--all||Show the gates that pass, too.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:schedules,users,phones,executions
            set goes_on
        case 'hyp simulate'
            set verbs
            set switches '--days|any|How many days from now.' '--from|any|When the simulation begins.' '--seed|any|The same seed has the same chances.' '--assert|any|What must hold, or it ends with 3; may be repeated.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp tick'
            set verbs
            set switches '--max-seconds|any|How long the pass may take; the request in hand is finished.' '--heartbeat-url|any|Ask this address after a good pass.' '-n||Say what it would dial, and why not the rest; change nothing.' '--dry-run||Say what it would dial, and why not the rest; change nothing.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp run-worker'
            set verbs
            set switches '--interval|any|Look at least so often for what others add.' '--concurrency|any|Requests to carriers under way at once.' '--drain-timeout|any|Told to stop, wait so long for requests in hand.' '--heartbeat-url|any|Ask this address once a minute while all is well.' '--log-format|one:text,json,journal|Write log lines.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp serve'
            set verbs
            set switches '--host|any|Where to listen.' '--port|any|On which port.' '--allow-workspace|any|Serve this workspace, too, under /workspaces/NAME. May be repeated.' '--allow-host|any|A name under which it may be asked, such as a proxy\'s. May be repeated.' '--public-url|any|Where carriers reach it.' '--no-auth||Ask for no token: whoever reaches this machine\'s loopback may do all.' '--with-worker||Dial, too, as hyp run-worker does.' '--rate|any|How many requests a second one token may send.' '--log-format|one:text,json,journal|The form of the log lines.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp history'
            set verbs
            set switches '--events||Show the audit trail: every change of state, by whom and why.' '--status|each:pending,dialing,in_progress,waiting_retry,in_doubt,completed,exhausted,failed,skipped,missed,canceled,all|Only these, or all; may be repeated.' '--since|any|Since an instant, a date, or 24h ago as in 24h.' '--until|any|Up to an instant or a date.' '--session|ask:sessions|Show which tools an agent used in a session, and how.' '--agent|ask:agents|Only this agent\'s.' '--chart||Draw outcomes by day and answers by hour; of 30 days, if not said.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '--limit|any|How many at most; 0 is all.' '--jsonl||Answer in JSON, a line a row.' '--ids||Only the ids, a line each.' '--fields|each:execution_id,schedule_id,scheduled_time,actual_time,call_id,status,duration,error,reason,kind,note,attempts,due_at,deadline_at,finished_at,from_number,gates,calls|Only these fields, named as in JSON; in any form but --ids.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:schedules
            set goes_on
        case 'hyp calls'
            set verbs 'show|Show a call, and what its agent is told of it'
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp calls show'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:calls
            set goes_on
        case 'hyp reconcile'
            set verbs
            set switches '--resolve|ask:doubts+one:placed,not-placed|Say what happened to a call in doubt.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '--jsonl||Answer in JSON, a line a row.' '--ids||Only the ids, a line each.' '--fields|any|Only these fields, named as in JSON; in any form but --ids.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp sessions'
            set verbs 'start|Say that a conversation has begun' 'touch|Say that a conversation is still going on: it lasts for the ttl from now' 'end|Say that a conversation is over; a call that waited for it goes out with the next pass' 'show|Show one session, and each tool that an agent used in it: its arguments, the time proposed, what came of it' 'list|List the live sessions; what is over is shown by --status all'
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp sessions start'
            set verbs
            set switches '--user|ask:users|With whom, as a user.' '--to|ask:phones|With whom, by their number.' '--channel|any|Where: web, whatsapp, phone …' '--ttl|any|How long it lasts without a touch.' '--id|any|Your own id for it; else one is made.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:users,phones
            set goes_on
        case 'hyp sessions touch'
            set verbs
            set switches '--ttl|any|How long it lasts without a touch.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:sessions
            set goes_on
        case 'hyp sessions end'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:sessions
            set goes_on
        case 'hyp sessions show'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:sessions
            set goes_on
        case 'hyp sessions list'
            set verbs
            set switches '--status|each:live,expired,ended,all|live, expired, ended or all.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '--limit|any|How many at most; 0 is all.' '--jsonl||Answer in JSON, a line a row.' '--ids||Only the ids, a line each.' '--fields|each:id,user_id,phone_number,channel,status,started_at,touched_at,expires_at,ended_at|Only these fields, named as in JSON; in any form but --ids.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp tools'
            set verbs 'schema|Print the tools as a language model wants them described, in JSON' 'call|Call a tool with arguments as JSON on standard input'
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp tools schema'
            set verbs
            set switches '--format|one:openai,anthropic,mcp|Whose way of describing a tool.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp tools call'
            set verbs
            set switches '--agent|ask:agents|Who talks.' '--session|ask:sessions|In which session.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments one:schedule_callback,manage_callback
            set goes_on
        case 'hyp mcp'
            set verbs
            set switches '--agent|ask:agents|Who talks.' '--session|ask:sessions|In which session.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp promises'
            set verbs
            set switches '--agent|ask:agents|Only this agent\'s.' '--since|any|Promised since an instant, a date, or as in 7d.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '--limit|any|How many at most; 0 is all.' '--jsonl||Answer in JSON, a line a row.' '--ids||Only the ids, a line each.' '--fields|each:id,run_at,kept,reason,called_at,promised_at,agent_id,user_id,phone_number,session_id,schedule_id,execution_id|Only these fields, named as in JSON; in any form but --ids.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp suppressions'
            set verbs 'add|Let nobody dial these numbers' 'list|List the suppressed numbers' 'remove|Let these numbers be dialled again'
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp suppressions add'
            set verbs
            set switches '--reason|any|Why; kept with it.' '--for|any|For how long, as in 60d.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:users,phones
            set goes_on yes
        case 'hyp suppressions list'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '--limit|any|How many at most; 0 is all.' '--jsonl||Answer in JSON, a line a row.' '--ids||Only the ids, a line each.' '--fields|each:phone_number,reason,created_by,created_at,expires_at|Only these fields, named as in JSON; in any form but --ids.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp suppressions remove'
            set verbs
            set switches '--reason|any|Why; kept with it.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:suppressed,users
            set goes_on yes
        case 'hyp webhooks'
            set verbs 'list|List the messages that wait and those that are dead, the latest first; --status all adds what was delivered' 'retry|Tell receivers anew what they have not taken' 'secret|Print the secret that the webhooks are signed with; the receiver needs it to know them for ours'
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp webhooks list'
            set verbs
            set switches '--status|each:pending,delivered,dead,all|pending,delivered,dead or all.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '--limit|any|How many at most; 0 is all.' '--jsonl||Answer in JSON, a line a row.' '--ids||Only the ids, a line each.' '--fields|each:id,event,execution_id,schedule_id,url,status,attempts,next_try_at,last_error,created_at,finished_at|Only these fields, named as in JSON; in any form but --ids.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:messages,schedules,executions
            set goes_on
        case 'hyp webhooks retry'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments ask:messages,schedules,executions
            set goes_on
        case 'hyp webhooks secret'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp tokens'
            set verbs 'add|Make a token' 'list|List the tokens; their secrets are not known any more' 'revoke|Take a token back: within a second, nobody gets in with it'
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp tokens add'
            set verbs
            set switches '--scope|one:read,write,dial|What it allows: to ask, to add and change, to call now. Several, or with commas.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments any
            set goes_on
        case 'hyp tokens list'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '--limit|any|How many at most; 0 is all.' '--jsonl||Answer in JSON, a line a row.' '--ids||Only the ids, a line each.' '--fields|each:id,name,scopes,created_at|Only these fields, named as in JSON; in any form but --ids.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp tokens revoke'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments any
            set goes_on
        case 'hyp config'
            set verbs 'show|Show every setting, its value and where that comes from' 'get|Print one setting' 'set|Choose a setting' 'unset|Go back to a setting\'s default'
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp config show'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp config get'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments one:live,timezone,catch_up_window,calling_window,call_cap,pace,concurrency,daily_budget,webhook_url,webhook_events,webhook_allow_private,heartbeat_url,callback_url
            set goes_on
        case 'hyp config set'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments one:live,timezone,catch_up_window,calling_window,call_cap,pace,concurrency,daily_budget,webhook_url,webhook_events,webhook_allow_private,heartbeat_url,callback_url any
            set goes_on
        case 'hyp config unset'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-n||Say what would change, and store nothing.' '--dry-run||Say what would change, and store nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments one:live,timezone,catch_up_window,calling_window,call_cap,pace,concurrency,daily_budget,webhook_url,webhook_events,webhook_allow_private,heartbeat_url,callback_url
            set goes_on
        case 'hyp db'
            set verbs 'path|Print where the workspace file is, or would be' 'status|Show the file\'s size, schema, journal and what it holds' 'backup|Copy the workspace while ticks and workers run, check the copy, and print its path' 'check|Look for damage and contradictions' 'migrate|Bring the file of an older hyp up to date' 'vacuum|Write the file anew without what is unused, and say what was gained' 'prune|Delete executions that were over before WHEN, with their calls, and sessions and webhooks that were'
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp db path'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp db status'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp db backup'
            set verbs
            set switches '--force||Put it in the place of an earlier file.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments files
            set goes_on
        case 'hyp db check'
            set verbs
            set switches '--quick||Leave out what takes long: indexes and rules.' '--deep||Derive the next firing of every schedule anew.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp db migrate'
            set verbs
            set switches '-n||Say what it would do.' '--dry-run||Say what it would do.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp db vacuum'
            set verbs
            set switches '-n||Say what would be gained.' '--dry-run||Say what would be gained.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp db prune'
            set verbs
            set switches '--before|any|A date, an instant, or how long ago: 90d.' '--schedules||Also schedules that ended before then, with all their past.' '-n||Count, and delete nothing.' '--dry-run||Count, and delete nothing.' '-y||Do not ask.' '--yes||Do not ask.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp setup'
            set verbs 'cron|Print the lines for your crontab: a pass every minute' 'systemd|Print the units of a service that dials, of a daily backup and of a check'
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp setup cron'
            set verbs
            set switches '--env-file|files|NAME=value lines with the carriers\' credentials; mode 0600.' '--write||Install it.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp setup systemd'
            set verbs
            set switches '--env-file|files|NAME=value lines with the carriers\' credentials; mode 0600.' '--system||Units of the machine, not of your user.' '--write||Install it.' '--force||With --write: replace units that differ.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments
            set goes_on
        case 'hyp help'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments topics
            set goes_on yes
        case 'hyp man'
            set verbs
            set switches '--roff||Write the page as man reads it.' '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments commands
            set goes_on yes
        case 'hyp completion'
            set verbs
            set switches '--db|files|The workspace file.' '-w|ask:workspaces|A named workspace.' '--workspace|ask:workspaces|A named workspace.' '--json||Answer in JSON.' '--no-input||Ask nothing.' '-h||Show this page.' '--help||Show this page.'
            set arguments one:bash,zsh,fish
            set goes_on
        case '*'
            return 1
    end
    return 0
end

# Offer what can stand here, of the kind $argv[1], behind what stays in the word, $argv[2].
function __hyp_offer --no-scope-shadowing
    set -l kind (string split -m 1 : -- $argv[1])
    set -l stays "$argv[2]"
    switch $kind[1]
        case one each
            if test $kind[1] = each
                set stays "$stays"(string replace -r -- '[^,]*$' '' "$typed")
            end
            for each in (string split , -- $kind[2])
                echo -- "$stays$each"
            end
        case files
            __fish_complete_path "$typed" | string replace -r -- '^' "$stays"
        case commands topics
            __hyp_spot (string join ' ' -- hyp $given)
            or return
            if test $kind[1] = topics; and test (count $given) -eq 0
                set -a verbs 'exit-codes|Exit codes' 'environment|Environment variables' 'files|Files' 'formatting|Output' 'times|Times'
            end
            string replace -- '|' \t $verbs
        case ask
            command $program _complete fish $kind[2] "$typed" "$db" "$workspace" 2>/dev/null | while read -l each
                echo -- "$stays$each"
            end
    end
end

# The kinds of what follows $option; none for a switch.
function __hyp_kinds --no-scope-shadowing
    set kinds
    for each in $switches
        set -l told (string split -m 2 '|' -- $each)
        if test "$told[1]" = "$option"; and test -n "$told[2]"
            set kinds (string split + -- $told[2])
        end
    end
end

function __hyp_complete
    set -l tokens (commandline -opc)
    set -l word (commandline -ct)
    # What the word means, as far as it is typed; a quote may be open.
    set -l typed "$word"
    for end in '' \" \'
        if set typed (string unescape -- "$word$end")
            break
        end
    end
    set -l program $tokens[1]
    set -l here hyp
    set -l ended no
    set -l given
    set -l option
    set -l db
    set -l workspace
    set -l verbs
    set -l switches
    set -l arguments
    set -l goes_on
    set -l kinds

    __hyp_spot hyp
    for each in $tokens[2..-1]
        if test (count $kinds) -gt 0
            switch $option
                case --db
                    set db $each
                    set workspace
                case -w --workspace
                    set workspace $each
                    set db
            end
            set -e kinds[1]
        else if test $ended = no; and test "$each" = --
            set ended yes
        else if test $ended = no; and string match -q -- '--*=*' "$each"
            switch $each
                case '--db=*'
                    set db (string replace -- --db= '' "$each")
                    set workspace
                case '--workspace=*'
                    set workspace (string replace -- --workspace= '' "$each")
                    set db
            end
        else if test $ended = no; and string match -q -- '-*' "$each"
            set option $each
            __hyp_kinds
        else if test (count $verbs) -gt 0
            set here "$here $each"
            __hyp_spot $here
            or return
        else
            set -a given $each
        end
    end

    if test (count $kinds) -gt 0
        __hyp_offer $kinds[1]
    else if test $ended = no; and string match -q -- '--*=*' "$typed"
        set option (string replace -r -- '=.*' '' "$typed")
        set typed (string replace -- "$option=" '' "$typed")
        __hyp_kinds
        __hyp_offer "$kinds[1]" "$option="
    else if test $ended = no; and string match -q -- '-*' "$typed"
        string replace -r -- '^([^|]*)\|[^|]*\|' '$1\t' $switches
    else if test (count $verbs) -gt 0
        string replace -- '|' \t $verbs
    else
        set -l at (math (count $given) + 1)
        if test -n "$goes_on"; and test $at -gt (count $arguments)
            set at (count $arguments)
        end
        if test $at -le (count $arguments)
            __hyp_offer $arguments[$at]
        end
    end
end

complete -c hyp -f -a '(__hyp_complete)'
complete -c hyponema -w hyp
