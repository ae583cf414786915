# Completion of hyp for bash. Generated from hyp's own commands; `hyp completion bash` prints it.
# shellcheck shell=bash

# What can stand behind the command $1. Sets commands, options (as --name, or --name=KIND+KIND for one that takes
# values), arguments (a kind each) and goes_on, for when the last argument can be given again.
_hyp_spot() {
    # shellcheck disable=SC2034
    case $1 in
    'hyp')
        commands='init demo doctor health metrics report agents users numbers carriers schedules occurrences why simulate tick run-worker serve history calls reconcile sessions tools mcp promises suppressions webhooks tokens config db setup help man completion'
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -V --version -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp init')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp demo')
        commands=''
        options='--keep=files --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp doctor')
        commands=''
        options='--online --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input --jsonl --ids --fields=any -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp health')
        commands=''
        options='--max-lag=any --max-heartbeat=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp metrics')
        commands=''
        options='--write=files --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp report')
        commands=''
        options='--html=files --since=any --until=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp agents')
        commands='add list show edit tools remove'
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp agents add')
        commands=''
        options='--answer-url=any --stream-url=any --application-sid=any --ring-timeout=any --time-limit=any --machine-detection=one:off,on,message-end --call-reason=any --id=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='any'
        goes_on=''
        ;;
    'hyp agents list')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input --limit=any --jsonl --ids --fields=each:id,name,answer_url,stream_url,application_sid,ring_timeout_seconds,time_limit_seconds,machine_detection,call_reason,created_at,updated_at -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp agents show')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='ask:agents'
        goes_on=''
        ;;
    'hyp agents edit')
        commands=''
        options='--answer-url=any --stream-url=any --application-sid=any --ring-timeout=any --time-limit=any --machine-detection=one:off,on,message-end --call-reason=any --name=any --clear=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:agents'
        goes_on=''
        ;;
    'hyp agents tools')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:agents one:enable,disable one:schedule_callback,manage_callback'
        goes_on='yes'
        ;;
    'hyp agents remove')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:agents'
        goes_on=''
        ;;
    'hyp users')
        commands='add import export list show edit remove forget'
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp users add')
        commands=''
        options='--phone=any --id=any --tz=ask:zones --local-time=any --window=one:us-tcpa,fr,es,always --context=any --context-json=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='any'
        goes_on=''
        ;;
    'hyp users import')
        commands=''
        options='--format=one:csv,json,jsonl --delimiter=any --partial --rejected=files --name=any --phone=any --id=any --tz=ask:zones --local-time=any --window=one:us-tcpa,fr,es,always --context=any --context-json=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='files'
        goes_on=''
        ;;
    'hyp users export')
        commands=''
        options='--format=one:csv,json,jsonl --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='files'
        goes_on=''
        ;;
    'hyp users list')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input --limit=any --jsonl --ids --fields=each:id,name,phone_number,timezone,local_time,calling_window,context,created_at,updated_at -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp users show')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='ask:users'
        goes_on=''
        ;;
    'hyp users edit')
        commands=''
        options='--name=any --phone=any --tz=ask:zones --local-time=any --window=one:us-tcpa,fr,es,always --context=any --context-json=any --clear=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:users'
        goes_on=''
        ;;
    'hyp users remove')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:users'
        goes_on=''
        ;;
    'hyp users forget')
        commands=''
        options='--also-suppressions --reason=any -n --dry-run -y --yes --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='ask:users,phones'
        goes_on=''
        ;;
    'hyp numbers')
        commands='add list show edit attach detach release'
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp numbers add')
        commands=''
        options='--carrier=ask:carriers --label=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='any'
        goes_on=''
        ;;
    'hyp numbers list')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input --limit=any --jsonl --ids --fields=each:id,phone_number,carrier,label,agent_id,created_at,updated_at -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp numbers show')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='ask:numbers'
        goes_on=''
        ;;
    'hyp numbers edit')
        commands=''
        options='--carrier=any --label=any --clear=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:numbers'
        goes_on=''
        ;;
    'hyp numbers attach')
        commands=''
        options='--move --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:numbers ask:agents'
        goes_on=''
        ;;
    'hyp numbers detach')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:numbers'
        goes_on=''
        ;;
    'hyp numbers release')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:numbers'
        goes_on=''
        ;;
    'hyp carriers')
        commands='list check'
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp carriers list')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input --jsonl --ids --fields=any -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp carriers check')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='ask:carriers'
        goes_on=''
        ;;
    'hyp schedules')
        commands='add list show edit pause resume cancel skip run-now import export'
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp schedules add')
        commands=''
        options='--weekdays=any --at=any --cron=any --in=any --before=any --tz=ask:zones --fold=one:first,second --agent=ask:agents --user=ask:users --to=ask:phones --allow-past --name=any --description=any --context=any --context-json=any --metadata=any --max-occurrences=any --start=any --until=any --max-attempts=any --max-retries=any --retry-delay=any --backoff=one:fixed,exponential --retry-on=each:no_answer,busy,timeout,failed,voicemail --catch-up-window=any --window=one:us-tcpa,fr,es,always --on-doubt=one:hold,redial-after --webhook-url=any --webhook-event=each:started,completed,failed,exhausted,missed,skipped,in_doubt --priority=any --paused --ref=any --from-json=files -n --dry-run --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp schedules list')
        commands=''
        options='--agent=ask:agents --user=ask:users --status=each:active,paused,completed,exhausted,canceled,all --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input --limit=any --jsonl --ids --fields=each:id,kind,single_shot,agent_id,user_id,phone_number,weekdays,local_time,local_time_from,cron_expression,run_at,timezone,timezone_from,enabled,status,status_reason,name,description,customer_context,metadata,max_occurrences,start_at,until_at,max_attempts,retry_delay_seconds,backoff,retry_on,catch_up_window_seconds,calling_window,calling_window_from,on_doubt,redial_after_seconds,webhook_url,webhook_events,priority,ref,last_run_at,next_run_at,trouble,last_status,created_by,created_at,updated_at -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp schedules show')
        commands=''
        options='--next=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='ask:schedules'
        goes_on=''
        ;;
    'hyp schedules edit')
        commands=''
        options='--weekdays=any --at=any --cron=any --in=any --before=any --tz=ask:zones --fold=one:first,second --agent=ask:agents --user=ask:users --to=ask:phones --allow-past --name=any --description=any --context=any --context-json=any --metadata=any --max-occurrences=any --start=any --until=any --max-attempts=any --max-retries=any --retry-delay=any --backoff=one:fixed,exponential --retry-on=each:no_answer,busy,timeout,failed,voicemail --catch-up-window=any --window=one:us-tcpa,fr,es,always --on-doubt=one:hold,redial-after --webhook-url=any --webhook-event=each:started,completed,failed,exhausted,missed,skipped,in_doubt --priority=any --clear=each:catch_up_window,context,description,max_occurrences,metadata,name,start,timezone,until,webhook_events,webhook_url,window --from-json=files -n --dry-run --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='ask:schedules'
        goes_on=''
        ;;
    'hyp schedules pause')
        commands=''
        options='--reason=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:schedules'
        goes_on='yes'
        ;;
    'hyp schedules resume')
        commands=''
        options='--reason=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:schedules'
        goes_on='yes'
        ;;
    'hyp schedules cancel')
        commands=''
        options='--reason=any -y --yes --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:schedules'
        goes_on='yes'
        ;;
    'hyp schedules skip')
        commands=''
        options='--at=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:schedules'
        goes_on=''
        ;;
    'hyp schedules run-now')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:schedules'
        goes_on=''
        ;;
    'hyp schedules import')
        commands=''
        options='--format=one:csv,json,jsonl --delimiter=any --partial --rejected=files --weekdays=any --at=any --cron=any --in=any --before=any --tz=ask:zones --fold=one:first,second --agent=ask:agents --user=ask:users --to=ask:phones --allow-past --name=any --description=any --context=any --context-json=any --metadata=any --max-occurrences=any --start=any --until=any --max-attempts=any --max-retries=any --retry-delay=any --backoff=one:fixed,exponential --retry-on=each:no_answer,busy,timeout,failed,voicemail --catch-up-window=any --window=one:us-tcpa,fr,es,always --on-doubt=one:hold,redial-after --webhook-url=any --webhook-event=each:started,completed,failed,exhausted,missed,skipped,in_doubt --priority=any --ref=one:live,timezone,catch_up_window,calling_window,call_cap,pace,concurrency,daily_budget,webhook_url,webhook_events,webhook_allow_private,heartbeat_url,callback_url --paused --tz-column=any --stagger=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='files'
        goes_on=''
        ;;
    'hyp schedules export')
        commands=''
        options='--format=one:csv,json,jsonl --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='files'
        goes_on=''
        ;;
    'hyp occurrences')
        commands=''
        options='--weekdays=any --at=any --cron=any --in=any --before=any --tz=ask:zones --fold=one:first,second -n=any --count=any --after=any --until=any --calendar --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input --jsonl --ids --fields=any -h --help'
        arguments='ask:schedules'
        goes_on=''
        ;;
    'hyp why')
        commands=''
        options='--at=any --gate=one:schedule_active,in_time,database_current,caller_id,carrier_live,suppressed,live_session,line_busy,overlap,calling_window,call_cap,pace,concurrency,budget --all --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='ask:schedules,users,phones,executions'
        goes_on=''
        ;;
    'hyp simulate')
        commands=''
        options='--days=any --from=any --seed=any --assert=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp tick')
        commands=''
        options='--max-seconds=any --heartbeat-url=any -n --dry-run --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp run-worker')
        commands=''
        options='--interval=any --concurrency=any --drain-timeout=any --heartbeat-url=any --log-format=one:text,json,journal --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp serve')
        commands=''
        options='--host=any --port=any --allow-workspace=any --allow-host=any --public-url=any --no-auth --with-worker --rate=any --log-format=one:text,json,journal --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp history')
        commands=''
        options='--events --status=each:pending,dialing,in_progress,waiting_retry,in_doubt,completed,exhausted,failed,skipped,missed,canceled,all --since=any --until=any --session=ask:sessions --agent=ask:agents --chart --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input --limit=any --jsonl --ids --fields=each:execution_id,schedule_id,scheduled_time,actual_time,call_id,status,duration,error,reason,kind,note,attempts,due_at,deadline_at,finished_at,from_number,gates,calls -h --help'
        arguments='ask:schedules'
        goes_on=''
        ;;
    'hyp calls')
        commands='show'
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp calls show')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='ask:calls'
        goes_on=''
        ;;
    'hyp reconcile')
        commands=''
        options='--resolve=ask:doubts+one:placed,not-placed --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input --jsonl --ids --fields=any -n --dry-run -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp sessions')
        commands='start touch end show list'
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp sessions start')
        commands=''
        options='--user=ask:users --to=ask:phones --channel=any --ttl=any --id=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:users,phones'
        goes_on=''
        ;;
    'hyp sessions touch')
        commands=''
        options='--ttl=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:sessions'
        goes_on=''
        ;;
    'hyp sessions end')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:sessions'
        goes_on=''
        ;;
    'hyp sessions show')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='ask:sessions'
        goes_on=''
        ;;
    'hyp sessions list')
        commands=''
        options='--status=each:live,expired,ended,all --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input --limit=any --jsonl --ids --fields=each:id,user_id,phone_number,channel,status,started_at,touched_at,expires_at,ended_at -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp tools')
        commands='schema call'
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp tools schema')
        commands=''
        options='--format=one:openai,anthropic,mcp --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp tools call')
        commands=''
        options='--agent=ask:agents --session=ask:sessions --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='one:schedule_callback,manage_callback'
        goes_on=''
        ;;
    'hyp mcp')
        commands=''
        options='--agent=ask:agents --session=ask:sessions --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp promises')
        commands=''
        options='--agent=ask:agents --since=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input --limit=any --jsonl --ids --fields=each:id,run_at,kept,reason,called_at,promised_at,agent_id,user_id,phone_number,session_id,schedule_id,execution_id -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp suppressions')
        commands='add list remove'
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp suppressions add')
        commands=''
        options='--reason=any --for=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:users,phones'
        goes_on='yes'
        ;;
    'hyp suppressions list')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input --limit=any --jsonl --ids --fields=each:phone_number,reason,created_by,created_at,expires_at -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp suppressions remove')
        commands=''
        options='--reason=any --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:suppressed,users'
        goes_on='yes'
        ;;
    'hyp webhooks')
        commands='list retry secret'
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp webhooks list')
        commands=''
        options='--status=each:pending,delivered,dead,all --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input --limit=any --jsonl --ids --fields=each:id,event,execution_id,schedule_id,url,status,attempts,next_try_at,last_error,created_at,finished_at -h --help'
        arguments='ask:messages,schedules,executions'
        goes_on=''
        ;;
    'hyp webhooks retry')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='ask:messages,schedules,executions'
        goes_on=''
        ;;
    'hyp webhooks secret')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp tokens')
        commands='add list revoke'
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp tokens add')
        commands=''
        options='--scope=one:read,write,dial --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='any'
        goes_on=''
        ;;
    'hyp tokens list')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input --limit=any --jsonl --ids --fields=each:id,name,scopes,created_at -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp tokens revoke')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='any'
        goes_on=''
        ;;
    'hyp config')
        commands='show get set unset'
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp config show')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp config get')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='one:live,timezone,catch_up_window,calling_window,call_cap,pace,concurrency,daily_budget,webhook_url,webhook_events,webhook_allow_private,heartbeat_url,callback_url'
        goes_on=''
        ;;
    'hyp config set')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='one:live,timezone,catch_up_window,calling_window,call_cap,pace,concurrency,daily_budget,webhook_url,webhook_events,webhook_allow_private,heartbeat_url,callback_url any'
        goes_on=''
        ;;
    'hyp config unset')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -n --dry-run -h --help'
        arguments='one:live,timezone,catch_up_window,calling_window,call_cap,pace,concurrency,daily_budget,webhook_url,webhook_events,webhook_allow_private,heartbeat_url,callback_url'
        goes_on=''
        ;;
    'hyp db')
        commands='path status backup check migrate vacuum prune'
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp db path')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp db status')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp db backup')
        commands=''
        options='--force --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='files'
        goes_on=''
        ;;
    'hyp db check')
        commands=''
        options='--quick --deep --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp db migrate')
        commands=''
        options='-n --dry-run --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp db vacuum')
        commands=''
        options='-n --dry-run --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp db prune')
        commands=''
        options='--before=any --schedules -n --dry-run -y --yes --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp setup')
        commands='cron systemd'
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp setup cron')
        commands=''
        options='--env-file=files --write --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp setup systemd')
        commands=''
        options='--env-file=files --system --write --force --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments=''
        goes_on=''
        ;;
    'hyp help')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='topics'
        goes_on='yes'
        ;;
    'hyp man')
        commands=''
        options='--roff --db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='commands'
        goes_on='yes'
        ;;
    'hyp completion')
        commands=''
        options='--db=files -w=ask:workspaces --workspace=ask:workspaces --json --no-input -h --help'
        arguments='one:bash,zsh,fish'
        goes_on=''
        ;;
    *) return 1 ;;
    esac
}

# Offer what begins with $word, of the kind $1.
_hyp_offer() {
    local kind=$1 before='' line
    case $kind in
    one:* | each:*)
        if [[ $kind == each:* && $word == *,* ]]; then before=${word%,*},; fi
        kind=${kind#*:}
        _hyp_words "${kind//,/ }"
        ;;
    files) compopt -o default 2>/dev/null ;;
    commands | topics)
        if _hyp_spot "hyp${given:+ $given}"; then
            if [[ $kind == topics && -z $given ]]; then commands+=' exit-codes environment files formatting times'; fi
            _hyp_words "$commands"
        fi
        ;;
    ask:*)
        while IFS= read -r line; do
            COMPREPLY+=("$line")
        done < <("$program" _complete bash "${kind#ask:}" "$word" "$db" "$workspace" "${COMP_TYPE:-}" 2>/dev/null)
        ;;
    esac
}

# Offer those of the words in $1 that begin with $word.
_hyp_words() {
    local each
    for each in $1; do
        if [[ $before$each == "$word"* ]]; then COMPREPLY+=("$before$each"); fi
    done
}

_hyp() {
    local IFS=$' \t\n' program=$1 line=${COMP_LINE:0:COMP_POINT}
    COMPREPLY=()

    # The words of the line as they are typed, quotes and all: bash's own are cut at every colon.
    local words=() word='' quote='' letter
    local -i at
    for ((at = 0; at < ${#line}; at++)); do
        letter=${line:at:1}
        if [[ $quote == "'" ]]; then
            word+=$letter
            if [[ $letter == "'" ]]; then quote=''; fi
        elif [[ $letter == \\ ]]; then
            at+=1
            word+=$letter${line:at:1}
        elif [[ $letter == "$quote" ]]; then
            word+=$letter
            quote=''
        elif [[ -z $quote && ($letter == "'" || $letter == '"') ]]; then
            word+=$letter
            quote=$letter
        elif [[ -z $quote && $letter == [[:space:]] ]]; then
            if [[ -n $word ]]; then words+=("$word"); fi
            word=''
        else
            word+=$letter
        fi
    done
    # Behind variables that are set for the command alone.
    while ((${#words[@]})) && [[ ${words[0]} != "$1" ]]; do words=("${words[@]:1}"); done
    if ! ((${#words[@]})); then return; fi
    # shellcheck disable=SC2088
    if [[ $program == '~/'* ]]; then program=$HOME/${program:2}; fi

    local path=hyp given='' kinds='' option='' db='' workspace='' before='' each
    local commands options arguments goes_on
    local -i count=0 ended=0
    _hyp_spot hyp
    for each in "${words[@]:1}"; do
        if [[ -n $kinds ]]; then
            case $option in
            --db) db=$each workspace='' ;;
            -w | --workspace) workspace=$each db='' ;;
            esac
            if [[ $kinds == *+* ]]; then kinds=${kinds#*+}; else kinds=''; fi
        elif ((!ended)) && [[ $each == -- ]]; then
            ended=1
        elif ((!ended)) && [[ $each == --*=* ]]; then
            case $each in
            --db=*) db=${each#*=} workspace='' ;;
            --workspace=*) workspace=${each#*=} db='' ;;
            esac
        elif ((!ended)) && [[ $each == -* ]]; then
            option=$each
            _hyp_kinds
        elif [[ -n $commands ]]; then
            path+=" $each"
            if ! _hyp_spot "$path"; then return; fi
        else
            count+=1
            given+=${given:+ }$each
        fi
    done

    if [[ -n $kinds ]]; then
        _hyp_offer "${kinds%%+*}"
    elif ((!ended)) && [[ $word == --*=* ]]; then
        option=${word%%=*}
        word=${word#*=}
        _hyp_kinds
        _hyp_offer "${kinds%%+*}"
        # Where `=` ends a word for readline, only what stands behind it is replaced.
        if [[ -z $quote && $COMP_WORDBREAKS != *=* ]]; then
            COMPREPLY=("${COMPREPLY[@]/#/$option=}")
            word=$option=$word
        fi
    elif ((!ended)) && [[ $word == -* ]]; then
        local names=''
        for each in $options; do names+=" ${each%%=*}"; done
        _hyp_words "$names"
    elif [[ -n $commands ]]; then
        _hyp_words "$commands"
    else
        # shellcheck disable=SC2206
        local each_kind=($arguments)
        if [[ -n $goes_on ]] && ((count >= ${#each_kind[@]})); then count=${#each_kind[@]}-1; fi
        _hyp_offer "${each_kind[count]:-any}"
    fi

    # The same for the other letters that end a word: what stands before the last of them stays in the line.
    local cut=''
    for letter in : = @; do
        if [[ -z $quote && $COMP_WORDBREAKS == *$letter* && $word == *$letter* ]]; then
            each=${word%"${word##*"$letter"}"}
            if ((${#each} > ${#cut})); then cut=$each; fi
        fi
    done
    if [[ -n $cut ]]; then
        for at in "${!COMPREPLY[@]}"; do COMPREPLY[at]=${COMPREPLY[at]#"$cut"}; done
    fi
}

# The kinds of what follows $option; none for a switch.
_hyp_kinds() {
    local each
    kinds=''
    for each in $options; do
        if [[ $each == "$option="* ]]; then kinds=${each#*=}; fi
    done
}

complete -F _hyp hyp hyponema
