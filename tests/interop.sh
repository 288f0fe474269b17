#!/usr/bin/env bash
# Checks a ledger, and the golden events, with other people's tools: b3sum, sha256sum,
# ssh-keygen, jq, python3, openssl, curl, and the code of Go's checksum database.
#
#   tests/interop.sh SERVANDA WORK
#
# SERVANDA is the binary; WORK is a folder for what is made, which is made anew. Prints one line a check; exits 1 if one
# failed.
set -euo pipefail

if [ $# -ne 2 ]; then
    echo "usage: $0 SERVANDA WORK" >&2
    exit 2
fi
servanda=$(realpath "$1")
root=$(realpath "$(dirname "$0")/..")
rm -rf "$2/interop"
mkdir -p "$2/interop"
cd "$2/interop"

unset SERVANDA_LEDGER SERVANDA_KEY SSH_AUTH_SOCK
export XDG_CONFIG_HOME=$PWD/config XDG_STATE_HOME=$PWD/state SERVANDA_LEDGER=$PWD/ilrs.servanda
# Bytes are compared, and sorted, as bytes.
export LC_ALL=C

checks=0
failures=0

# result WHAT SUBJECT FAULTS: passes if the third word is empty.
result() {
    checks=$((checks + 1))
    if [ -z "$3" ]; then
        echo "ok    $1: $2"
    else
        failures=$((failures + 1))
        echo "FAIL  $1: $2:$3"
    fi
}

event_hash() { b3sum --no-names --derive-key 'servanda 2026-11-22 event v1' "$1"; }
genesis_prev() { printf %s "$1" | b3sum --no-names --derive-key 'servanda 2026-11-22 genesis v1'; }
leaf() { { printf '\0'; cat "$1"; } | sha256sum | cut -d' ' -f1; }

# content_hash EVENT: of what was announced, without the places of quotes.
content_hash() {
    head -n1 "$1" | jq -cSj '{announced, body, evidence: [.evidence[] | del(.at)], kind, no_evidence, note, source_ref, standing, wording}
        | with_entries(select(.value != null))' | b3sum --no-names --derive-key 'servanda 2026-11-22 announcement v1'
}

# verify_signature EVENT MESSAGE: whether the event's signature is its recorder's, over that message, at its time.
verify_signature() {
    local recorder time
    read -r recorder time < <(head -n1 "$1" | jq -r '[.recorder, (.recorded | .[0:19] | gsub("[-T:]"; "")) + "Z"] | join(" ")')
    tail -n +2 "$1" > signature
    ssh-keygen -Y verify -f allowed_signers -I "$recorder" -n servanda-event-v1 -O verify-time="$time" -s signature \
        < "$2" > ssh-keygen.out 2>&1
}

# cat_statements: of all events, in their order.
cat_statements() {
    local seq
    for ((seq = 0; seq < len; seq++)); do
        head -n1 "events/$seq"
    done
}

# canonical EVENT…: the events whose statement jq, or Python, writes otherwise.
canonical() {
    local event
    for event in "$@"; do
        head -n1 "$event" > statement
        jq -cS . statement | cmp -s - statement || echo " jq differs at $(basename "$event")"
    done
    python3 - "$@" <<'PYTHON'
import json, os, sys
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        statement = file.readline().removesuffix(b"\n")
    own = json.dumps(json.loads(statement), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if own.encode() != statement:
        print(" Python differs at " + os.path.basename(path))
PYTHON
}

"$servanda" append --init --recorder desk@ministry.example "$root/fixtures/ilrs/october-2023" \
    "$root/fixtures/ilrs/other-sources" > append.out 2>&1 || { cat append.out >&2; exit 1; }
"$servanda" log --json > log.json
"$servanda" key export > allowed_signers
origin=$(jq -r .origin log.json)
len=$(jq '.events | length' log.json)
mkdir events
for ((seq = 0; seq < len; seq++)); do
    "$servanda" show "$seq" --raw > "events/$seq"
done

faults=
prev=$(genesis_prev "$origin")
mapfile -t hashes < <(jq -r '.events[].hash' log.json)
for ((seq = 0; seq < len; seq++)); do
    [ "$(head -n1 "events/$seq" | jq -r .prev)" = "$prev" ] || faults+=" event $seq names another prev"
    prev=$(event_hash "events/$seq")
    [ "${hashes[seq]}" = "$prev" ] || faults+=" log says another hash of event $seq"
done
[ "$(jq -r .position.head log.json)" = "$prev" ] || faults+=" log says another head"
result "b3sum follows the chain from the origin to the head" "$len events" "$faults"

faults=
signed=0
for ((seq = 0; seq < len; seq++)); do
    if [ "$(head -n1 "events/$seq" | jq '.seq == .batch')" != true ]; then
        [ "$(wc -l < "events/$seq")" -eq 1 ] || faults+=" event $seq is signed"
        continue
    fi
    signed=$((signed + 1))
    head -n1 "events/$seq" > statement
    verify_signature "events/$seq" statement || faults+=" event $seq: $(cat ssh-keygen.out)"
done
[ "$signed" -gt 1 ] || faults+=" too few to say anything"
result "ssh-keygen accepts every signature" "$signed batches" "$faults"

faults=
for ((seq = 0; seq < len; seq++)); do
    [ "$(wc -l < "events/$seq")" -gt 1 ] || continue
    head -n1 "events/$seq" | sed 's/"seq":/"sep":/' > changed
    ! verify_signature "events/$seq" changed || faults+=" event $seq"
done
result "ssh-keygen refuses a statement with one byte changed" "$signed batches" "$faults"

result "jq and Python write every statement as it is" "$len events" "$(canonical events/* | tr '\n' ';')"

"$servanda" export ndjson ilrs.ndjson 2> export.out || { cat export.out >&2; exit 1; }
faults=
seq=0
while read -r line; do
    printf '%s' "$line" | jq -j '.statement, "\n", .signature // ""' > exported
    cmp -s exported "events/$seq" || faults+=" event $seq has other bytes"
    [ "$(printf '%s' "$line" | jq -r .hash)" = "$(event_hash exported)" ] || faults+=" event $seq has another hash"
    seq=$((seq + 1))
done < ilrs.ndjson
[ "$seq" -eq "$len" ] || faults+=" $seq lines"
[ "$(jq -r .statement ilrs.ndjson | sha256sum)" = "$(cat_statements | sha256sum)" ] || faults+=" other statements"
result "jq and b3sum find every event in the export, byte for byte" "$len lines" "$faults"

faults=
documents=0
for document in ilrs.servanda/documents/*; do
    documents=$((documents + 1))
    [ "$(b3sum --no-names "$document")" = "$(basename "$document")" ] || faults+=" $(basename "$document")"
done
named=$(cat events/* | grep '^{' | jq -r '.evidence[].source.document | select(.) | .b3, .text.b3 | select(.)' | sort -u)
[ "$named" = "$(basename -a ilrs.servanda/documents/* | sort)" ] || faults+=" events name others than are kept"
result "b3sum finds every document under its hash" "$documents documents" "$faults"

# A log of 1,000 events in twenty batches, each with a checkpoint, as Go's own verifier reads it.
if [[ " ${SERVANDA_TESTS_WITHOUT:-} " == *" go "* ]]; then
    echo "left out: Go's verifier, as asked"
else
    faults=
    for ((batch = 0; batch < 20; batch++)); do
        for ((one = 0; one < 50 - (batch == 0); one++)); do
            echo "  - { kind: mission, id: m-$batch-$one, title: Mission $one of $batch }"
        done > batch
        { echo 'evidence: { none: made up for a test }'; echo 'announcements:'; cat batch; } > batch.yaml
        "$servanda" append --init --ledger thousand.servanda batch.yaml > append.out 2>&1 || { cat append.out >&2; exit 1; }
        "$servanda" checkpoint --ledger thousand.servanda > checkpoint.out
    done > /dev/null
    "$servanda" export tiles thousand --with-proofs --ledger thousand.servanda 2> export.out || faults=" $(cat export.out)"
    mkdir thousand/grown
    for checkpoint in thousand/checkpoints/*; do
        size=$(basename "$checkpoint")
        "$servanda" prove --consistency "$size" 1000 --ledger thousand.servanda > "thousand/grown/$size"
    done
    # Debian's package of golang.org/x/mod lies in a GOPATH.
    said=$(GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$PWD/go-cache go run "$root/tests/tlogcheck/main.go" thousand 2>&1) ||
        faults+=" $said"
    result "Go's tlog opens the checkpoint and checks tiles and proofs" "$said" "$faults"
    faults=
    older=thousand/tile/0/003.p/32
    mv "$older" partial
    ! GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$PWD/go-cache go run "$root/tests/tlogcheck/main.go" thousand > go.out 2>&1 ||
        faults+=" a missing tile passed"
    ! "$servanda" verify --export thousand --vkey @thousand/log.vkey > verify.out 2>&1 || faults+=" verify passed it"
    mv partial "$older"
    "$servanda" verify --export thousand --vkey @thousand/log.vkey > verify.out 2>&1 || faults+=" $(cat verify.out)"
    result "Go's tlog and verify --export miss a partial tile of an older checkpoint" "$older" "$faults"
    faults=
    tile=$(find thousand/tile/0 -type f | sort | head -n1)
    printf '\377' | dd of="$tile" bs=1 seek=40 conv=notrunc 2> dd.out
    ! GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$PWD/go-cache go run "$root/tests/tlogcheck/main.go" thousand > go.out 2>&1 ||
        faults=" a changed tile passed"
    result "Go's tlog refuses a tile with a byte changed" "$tile" "$faults"
fi

# A timestamping authority of OpenSSL's own: what it signs is kept, and checked again by verify.
if [[ " ${SERVANDA_TESTS_WITHOUT:-} " == *" openssl "* ]]; then
    echo "left out: OpenSSL's timestamps, as asked"
else
    faults=
    mkdir tsa
    cat > tsa/openssl.cnf <<'CONFIG'
[ req ]
distinguished_name = name
[ name ]
[ ca ]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[ signer ]
extendedKeyUsage = critical, timeStamping
[ tsa ]
default_tsa = authority
[ authority ]
serial = tsa/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
CONFIG
    # Whoever has all keys will tell another history from here on.
    cp -r ilrs.servanda rewritten.servanda
    told() { echo "announcements: [{ kind: mission, id: $1, title: $1, evidence: { none: made up for a test } }]"; }
    told genuine > genuine.yaml
    told forged > forged.yaml
    {
        "$servanda" append genuine.yaml
        echo 01 > tsa/serial
        openssl req -x509 -newkey rsa:2048 -nodes -keyout tsa/ca.key -out tsa/ca.pem -subj "/CN=CA" -days 30 \
            -config tsa/openssl.cnf -extensions ca
        openssl req -newkey rsa:2048 -nodes -keyout tsa/signer.key -out tsa/signer.csr -subj "/CN=TSA" -config tsa/openssl.cnf
        openssl x509 -req -in tsa/signer.csr -CA tsa/ca.pem -CAkey tsa/ca.key -CAcreateserial -out tsa/signer.pem -days 30 \
            -extfile tsa/openssl.cnf -extensions signer
        "$servanda" checkpoint
        "$servanda" checkpoint timestamp-request > tsa/request
        openssl ts -reply -config tsa/openssl.cnf -queryfile tsa/request -signer tsa/signer.pem -inkey tsa/signer.key \
            -out tsa/reply
    } > tsa.out 2>&1 || faults+=" $(tail -n1 tsa.out)"
    size=$("$servanda" checkpoint list --json | jq '.checkpoints[-1].size')
    "$servanda" checkpoint timestamp tsa/reply --tsa-ca tsa/ca.pem > tsa.out 2>&1 || faults+=" $(cat tsa.out)"
    openssl ts -verify -data "ilrs.servanda/checkpoints/$size" -in "ilrs.servanda/timestamps/$size.tsr" -CAfile tsa/ca.pem \
        > tsa.out 2>&1 || faults+=" $(cat tsa.out)"
    stamped() { "$servanda" verify --tsa-ca "$1" --json | jq -r '.layers[] | select(.layer == "timestamps") | .verdict'; }
    [ "$(stamped tsa/ca.pem)" = pass ] || faults+=" verify does not pass it"
    [ "$(stamped tsa/signer.pem)" = fail ] || faults+=" verify passes it with another authority"
    "$servanda" export tiles public 2> export.out || faults+=" $(cat export.out)"
    "$servanda" verify --export public --vkey @public/log.vkey --tsa-ca tsa/ca.pem > verify.out || faults+=" $(cat verify.out)"
    end=$(stat -c %s tsa/reply)
    printf '\377' | dd of="ilrs.servanda/timestamps/$size.tsr" bs=1 seek=$((end - 10)) conv=notrunc 2> dd.out
    [ "$(stamped tsa/ca.pem)" = fail ] || faults+=" a reply with a byte changed passes"
    result "openssl ts makes and checks timestamps of checkpoints" "$size events" "$faults"

    faults=
    elsewhere() { XDG_STATE_HOME=$PWD/elsewhere "$servanda" "$@" --ledger rewritten.servanda; }
    { elsewhere append forged.yaml && elsewhere checkpoint && elsewhere verify; } > rewritten.out 2>&1 ||
        faults+=" it does not hold by itself: $(tail -n1 rewritten.out)"
    mkdir rewritten.servanda/timestamps
    cp tsa/reply "rewritten.servanda/timestamps/$size.tsr"
    [ "$(elsewhere verify --tsa-ca tsa/ca.pem --json | jq -c '[.layers[] | select(.verdict == "fail") | .layer]')" = '["timestamps"]' ] ||
        faults+=" timestamps do not tell"
    ! openssl ts -verify -data "rewritten.servanda/checkpoints/$size" -in tsa/reply -CAfile tsa/ca.pem > tsa.out 2>&1 ||
        faults+=" openssl passes the other checkpoint"
    # The checkpoint that the reply is over is older than the other history can be.
    elsewhere verify --against "ilrs.servanda/checkpoints/$size" --vkey @public/log.vkey > verify.out || true
    grep -q "FORK" verify.out || faults+=" the stamped checkpoint does not tell: $(cat verify.out)"
    result "a history rewritten with all keys is found by a timestamp" "$size events" "$faults"
fi

# A witness over HTTP, as curl asks it.
if [[ " ${SERVANDA_TESTS_WITHOUT:-} " == *" curl "* ]]; then
    echo "left out: curl at a witness, as asked"
else
    faults=
    "$servanda" checkpoint > checkpoint.out
    "$servanda" witness key --name witness.example/curl --folder witness > witness.vkey
    echo "witness curl $(cat witness.vkey)" > policy
    echo "quorum curl" >> policy
    "$servanda" key show --json | jq -r .log_key > log.vkey
    mkfifo serve.out
    "$servanda" witness serve --listen 127.0.0.1:0 --log @log.vkey --folder witness > serve.out 2> serve.err &
    server=$!
    read -r _ _ url < serve.out
    "$servanda" checkpoint request > request
    ask() { curl --silent --show-error --max-time 60 "$@" 2>&1; }
    [ "$(ask -o answer -w '%{http_code}' --data-binary @request -H 'Expect: 100-continue' "$url/add-checkpoint")" = 200 ] ||
        faults+=" $(cat answer)"
    "$servanda" checkpoint cosign answer --policy policy 2> cosign.out || faults+=" $(cat cosign.out)"
    "$servanda" verify --policy policy > verify.out 2>&1 || faults+=" $(cat verify.out)"
    [ "$(ask -o known -w '%{http_code} %{content_type}' --data-binary @request "$url/add-checkpoint")" = "409 text/x.tlog.size" ] ||
        faults+=" a request from another size"
    [ "$(cat known)" = "$(sed -n 4p request)" ] || faults+=" $(cat known) events"
    [ "$(ask -o none -w '%{http_code}' "$url/add-checkpoint")" = 405 ] || faults+=" GET"
    ask -o shown --fail "$url/$(printf %s "$origin" | sha256sum | cut -d' ' -f1)/checkpoint" || faults+=" no checkpoint is shown"
    tail -n1 shown | cmp -s - answer || faults+=" another checkpoint is shown"
    kill -TERM "$server"
    wait "$server" || faults+=" the witness ended with $?"
    result "curl has a checkpoint witnessed" "$(cat known) events" "$faults"
fi

golden=$root/fixtures/golden/v1
faults=
listed=0
while read -r name event content leaf; do
    [ "$name" != '#' ] || continue
    listed=$((listed + 1))
    if [ -z "$content" ]; then
        [ "$(genesis_prev "$name")" = "$event" ] || faults+=" genesis prev of $name"
        continue
    fi
    file=$golden/$name.event
    [ "$(event_hash "$file") $(content_hash "$file") $(leaf "$file")" = "$event $content $leaf" ] || faults+=" $name"
done < "$golden/HASHES"
result "b3sum, jq and sha256sum find the hashes of the golden events" "$listed lines" "$faults"

files=("$golden"/*.event)
result "jq and Python write every golden statement as it is" "${#files[@]} events" "$(canonical "${files[@]}" | tr '\n' ';')"

faults=
signed=0
key=$(jq -r '.body.recorders[0].key' <(head -n1 "$golden/genesis.event"))
echo "desk@ministry.example namespaces=\"servanda-event-v1\" $key" > allowed_signers
for file in "${files[@]}"; do
    [ "$(wc -l < "$file")" -gt 1 ] || continue
    signed=$((signed + 1))
    head -n1 "$file" > statement
    verify_signature "$file" statement || faults+=" $(basename "$file")"
done
result "ssh-keygen accepts the golden signatures" "$signed events" "$faults"

export SERVANDA_LEDGER=$PWD/corrected.servanda
corrected=$root/fixtures/golden/clock-corrected.ndjson
"$servanda" restore "$corrected" "$SERVANDA_LEDGER" > restore.out 2>&1 || { cat restore.out >&2; exit 1; }
"$servanda" log --json > log.json
faults=$(jq -r .statement "$corrected" | python3 /dev/fd/3 log.json 3<<'PYTHON'
import json, sys
events = [json.loads(line) for line in sys.stdin]
told = json.load(open(sys.argv[1]))["events"]
corrects = lambda event: event["kind"] == "clock-corrected"
def effective(log, seq):
    later = [event["recorded"] for event in log[seq + 1:] if corrects(event) and event["body"]["from"] <= seq]
    return min([log[seq]["recorded"]] + later)
for seq, event in enumerate(events):
    before, recorded = events[:seq], event["recorded"]
    if corrects(event):
        bound = event["body"]["from"] - 1
        if not 0 <= bound < seq or recorded < effective(before, bound) or recorded >= effective(before, seq - 1):
            print(f" event {seq} corrects what it may not")
    elif before and recorded < before[-1]["recorded"]:
        print(f" event {seq} goes back")
    if effective(events, seq) != told[seq]["recorded"]:
        print(f" log says another time of event {seq}")
if not any(map(corrects, events)):
    print(" no clock is corrected")
PYTHON
)
result "Python follows times of recording over a correction of the clock" "$(wc -l < "$corrected") events" "$faults"

faults=
"$servanda" key export > allowed_signers
for seq in 0 1 2 3 4; do
    "$servanda" show "$seq" --raw > event
    head -n1 event > statement
    verify_signature event statement || faults+=" event $seq: $(cat ssh-keygen.out)"
done
result "ssh-keygen accepts what was signed under a wrong clock" "5 events" "$faults"

echo "$((checks - failures)) of $checks checks passed"
[ "$failures" -eq 0 ]
