#!/usr/bin/env bash
# run.sh EXECUTABLE LIBRARY: checks the files of deploy/prometheus and the metrics of a node with promtool, then scrapes the node with a real
# Prometheus. LIBRARY is a simulator's librkllmrt.so. Needs promtool, prometheus, curl and jq. The last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../.."

executable=$(realpath "$1")
library=$(realpath "$2")
. tests/packaging/node.sh
patience=30
work=$(mktemp -d)
server= prometheus=
clean_up() {
    for process in $prometheus $server; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap clean_up EXIT

# The files of deploy/prometheus. Rules and dashboard may only name metrics that are documented. The queries of the dashboard are checked as rules.
cp deploy/prometheus/* "$work"
grep -oE '^\| `[a-z_]+' docs/monitoring.md | tr -d '| `' | sort -u >"$work/known"
known() { # FILE
    local names
    names=$(grep -oE '\b(rkllama|process)_[a-z0-9_]+' "$1" | sed -E 's/_(bucket|sum|count)$//' | sort -u | comm -23 - "$work/known")
    echo "$names"
    [ -z "$names" ]
}
jq -r '.panels[].targets[].expr' deploy/prometheus/grafana-rkllama.json | sed 's/\$__rate_interval/1m/g; s/\$instance/.*/g' >"$work/queries"
{
    echo 'groups: [{name: queries, rules: ['
    jq -R '{record: "query", expr: .}' "$work/queries" | jq -s '.[] | .record += "_\(input_line_number)"' | sed 's/^}$/},/'
    echo ']}]'
} >"$work/queries.yml"
check "the rules are valid" promtool check rules "$work/rkllama.rules.yml"
check "the alerts fire as their tests expect" promtool test rules "$work/rkllama.rules.test.yml"
check "every alert has a test" diff <(sed -n 's/.*- alert: //p' "$work/rkllama.rules.yml" | sort) <(sed -n 's/.*alertname: //p' "$work/rkllama.rules.test.yml" | sort -u)
check "every alert is documented" diff <(sed -n 's/.*- alert: //p' "$work/rkllama.rules.yml" | sort) <(grep -oE '^\| `RkLlama[A-Za-z]+' docs/monitoring.md | tr -d '| `' | sort)
check "the metrics in the rules are documented" known "$work/rkllama.rules.yml"
check "the configuration is valid" promtool check config "$work/prometheus.yml"
check "the dashboard has at least 15 queries" test "$(wc -l <"$work/queries")" -ge 15
check "all queries are valid PromQL" promtool check rules "$work/queries.yml"
check "the metrics in the dashboard are documented" known "$work/queries"

# A node. With port 0 the system chooses the port, and the log names it.
mkdir -p "$work/models"
cp -r models/demo "$work/models/demo"
env --default-signal=INT,TERM RKLLAMA_LIBRARY="$library" RKLLM_SIMULATOR_SPEED=0 \
    "$executable" --host 127.0.0.1 --port 0 --agent-port 0 --node-name node1 --models "$work/models" >"$work/log" 2>&1 </dev/null &
server=$!
listens() { address=$(grep -oE 'listens on http://[0-9.:]+' "$work/log" | grep -oE '[0-9.]+:[0-9]+$'); }
soon listens || { cat "$work/log"; exit 1; }

scrape() { curl -sf -m 10 "http://$address/metrics" -o "$work/page"; }
clean() { # promtool prints its findings. It prints nothing for a correct page.
    local findings
    scrape
    findings=$(promtool check metrics <"$work/page" 2>&1) || { echo "$findings"; return 1; }
    echo "$findings"
    [ -z "$findings" ]
}
post() { curl -s -m 30 -o "$work/answer" -w '%{http_code}' "http://$address$1" -d "$2"; }
is() { [ "$1" = "$2" ] || { echo "$1 is not $2"; cat "$work/answer"; false; }; }
chat='{"model":"demo","messages":[{"role":"user","content":"What is the capital of France?"}]}'

check "promtool has no findings in the metrics of a new node" clean
check "the node loads a model" is "$(post /load_model '{"model_name":"demo"}')" 200
check "the node answers on /v1" is "$(post /v1/chat/completions "$chat")" 200
check "the node answers on /api" is "$(post /api/chat "$chat")" 200
check "the node answers on /generate" is "$(post /generate "$chat")" 200
check "an unknown model is not found" is "$(post /v1/chat/completions '{"model":"none","messages":[{"role":"user","content":"x"}]}')" 404
check "a crash of the library fails the request" is "$(post /generate '{"messages":[{"role":"user","content":"!fault segv"}]}')" 500
restarted() { scrape && grep -qx 'rkllama_model_state{state="loaded"} 1' "$work/page"; }
check "the worker is restarted" soon restarted
check "promtool has no findings in the metrics of a used node" clean
check "the crash is counted with its signal" grep -E 'rkllama_worker_deaths_total\{signal="SIG[A-Z]+",cause="crash"\} 1' "$work/page"
check "the inter-token latency is recorded" grep -E 'rkllama_inter_token_latency_seconds_count\{model="demo"\} [1-9]' "$work/page"
check "the worker's memory is reported" grep -E 'rkllama_worker_resident_memory_bytes [1-9]' "$work/page"
agent=$(grep -oE 'agent check is answered on [0-9.:]+' "$work/log" | grep -oE '[0-9]+$')
check "the agent check reports an idle node" is "$(timeout 10 cat </dev/tcp/127.0.0.1/"$agent")" "up ready 100%"

# A real Prometheus with the configuration of deploy/prometheus. Only the target, the intervals and the data directory are different.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
awk -v target="$address" '
    /^ *- 10\./ { if (!done) print "          - " target; done = 1; next }
    { sub(/(scrape|evaluation)_interval: 15s/, "&!"); sub(/15s!/, "1s"); sub(/scrape_timeout: 5s/, "scrape_timeout: 1s"); print }
' deploy/prometheus/prometheus.yml >"$work/prometheus.yml"
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" --web.listen-address="127.0.0.1:$port" >"$work/prometheus.log" 2>&1 </dev/null &
prometheus=$!
query() { curl -sf -m 5 "http://127.0.0.1:$port/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[0].value[1] // "nothing"'; }
has() { # QUERY VALUE
    local value
    value=$(query "$1") || return 1
    echo "$1: $value"
    [ "$value" = "$2" ]
}
answered='sum(rkllama_requests_total{api="openai",status="200"})'
check "Prometheus scrapes the node" soon has 'up{job="rkllama"}' 1
check "Prometheus has the node's name" soon has 'count(rkllama_build_info{node="node1"})' 1
check "Prometheus has the number of answered requests" soon has "$answered" 1
post /v1/chat/completions "$chat" >/dev/null
post /v1/chat/completions "$chat" >/dev/null
check "Prometheus sees a counter increase" soon has "$answered" 3
check "Prometheus computes quantiles of the histograms" soon has 'count(histogram_quantile(0.5, sum by (le) (rkllama_time_to_first_token_seconds_bucket)) > 0)' 1
check "no alert fires" soon has 'count(ALERTS{alertstate="firing"}) or vector(0)' 0
kill "$server"
wait "$server" 2>/dev/null || true
server=
check "Prometheus sees that the node is down" soon has 'up{job="rkllama"}' 0

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
