#!/bin/bash
# From an own CSV to a live network that learned a round, by the commands of docs/TASKS.md, docs/DEPLOY.md and docs/REHEARSAL.md,
# with a stopwatch. `bash tools/ten_minutes.sh [SECONDS A BLOCK]`, 12 as Ethereum has; in the checkout, its virtual environment active.
set -euo pipefail
BLOCK=${1:-12} PORT=8645 R=$(mktemp -d)
export NODE=http://127.0.0.1:$PORT APE_DATA_FOLDER=$R/ape
MEMBERS="0 1 2 3 4" STARTED=() SINCE=$SECONDS
told() { printf '%4d s  %s\n' $((SECONDS - SINCE)) "$1"; }
ending() {
  local status=$?
  kill "${STARTED[@]}" 2> /dev/null || true
  wait 2> /dev/null || true
  if [ "$status" = 0 ]; then rm -rf "$R"; else echo "failed; what each command said is in $R" >&2; fi
}
trap ending EXIT

python examples/hospital.py "$R/admissions.csv"
# A file for each hospital: of every fifth admission.
for i in $MEMBERS; do awk -v i="$i" 'NR == 1 || NR % 5 == i' "$R/admissions.csv" > "$R/own$i.csv"; done
anvil --chain-id 11155111 --block-time "$BLOCK" --prune-history 64 --port $PORT --silent > "$R/anvil.log" 2>&1 &
STARTED+=($!)
SINCE=$SECONDS
told "an own CSV: $(($(wc -l < "$R/admissions.csv") - 1)) rows; a chain with a block every $BLOCK s"

ape run encoding --data "$R/admissions.csv" --target readmitted --group patient --out "$R/readmission.json" > "$R/encoding.log" 2>&1
told "encoding"
ape run task check --task "$R/readmission.json" --data "$R/admissions.csv" > "$R/check.log" 2>&1
told "task check"
for name in founder hospital0 hospital1 hospital2 hospital3 hospital4; do
  printf 'random\nrehearsal\nrehearsal\n' | ape accounts generate --hide-mnemonic "$name" > /dev/null 2>&1
  export "APE_ACCOUNTS_${name}_PASSPHRASE=rehearsal"
done
ape accounts list > "$R/accounts"
address() { sed -n "s/^ *\(0x[0-9a-fA-F]*\) (alias: '$1').*/\1/p" "$R/accounts"; }
for name in founder hospital0 hospital1 hospital2 hospital3 hospital4; do
  cast rpc --rpc-url "$NODE" anvil_setBalance "$(address "$name")" 0x56BC75E2D63100000 > /dev/null
done
told "accounts"
D="$R/net.yaml"
cat > "$D" <<END
network: ethereum:sepolia
chain_id: 11155111
token: {name: Rehearsal token, symbol: TEST, supply: 1000000}
seed_source: prevrandao
protocol:
  {proposer_stake: 8, voter_stake: 1, bond: 64, absence_penalty: 0.5, proposer_bps: 4000, voter_seats: 3, quorum_bps: 3334,
   max_strikes: 3, max_rounds: 1, seed_delay: 2, propose_for: 300, publish_for: 180, vote_for: 300, reveal_for: 180, unbonding: 960}
admission:
$(for i in $MEMBERS; do echo "  - '$(address "hospital$i")'"; done)
END
ape run task describe --task "$R/readmission.json" --data "$R/admissions.csv" --probe "$R/admissions.csv" --into "$D" > "$R/describe.log" 2>&1
told "task describe"
ape run deploy --config "$D" --account founder --network "$NODE" > "$R/deploy.log" 2>&1
told "deploy"
ape run grant $(for i in $MEMBERS; do address "hospital$i"; done) --amount 120 --deployment "$D" --account founder --network "$NODE" > "$R/grant.log" 2>&1
told "grant: a live network"
ape run store --deployment "$D" --network "$NODE" --folder "$R/artefacts" --port 8797 > "$R/store.log" 2>&1 &
STARTED+=($!)
ape run keeper --deployment "$D" --network "$NODE" --account founder > "$R/keeper.log" 2>&1 &
STARTED+=($!)
CLIENTS=()
for i in $MEMBERS; do
  ape run client --deployment "$D" --network "$NODE" --account "hospital$i" --data "$R/own$i.csv" \
      --store http://127.0.0.1:8797 --cache "$R/cache$i" > "$R/hospital$i.log" 2>&1 &
  CLIENTS+=($!)
done
STARTED+=("${CLIENTS[@]}")
wait "${CLIENTS[@]}"
told "five hospitals joined, trained, voted: one round"
ape run verify --deployment "$D" --network "$NODE" --store http://127.0.0.1:8797 --out "$R/model.safetensors" > "$R/verify.log" 2>&1
told "verify: $(tail -1 "$R/verify.log" | cut -c1-80)"
