# Steps 2 to 4 of docs/REHEARSAL.md, once: accounts with coin, a configuration, contracts, tokens. Needs NODE.
set -euo pipefail
HOME_OF_ALL=${REHEARSAL:-/rehearsal}
D=$HOME_OF_ALL/rehearsal.yaml
NAMES="founder relay hospital0 hospital1 hospital2 hospital3"

if [ ! -e "$APE_DATA_FOLDER/accounts/hospital3.json" ]; then
  for name in $NAMES; do
    printf 'random\nrehearsal\nrehearsal\n' | ape accounts generate --hide-mnemonic "$name" > /dev/null 2>&1
  done
fi
ape accounts list > "$HOME_OF_ALL/accounts"
address() { sed -n "s/^ *\(0x[0-9a-fA-F]*\) (alias: '$1').*/\1/p" "$HOME_OF_ALL/accounts"; }

for name in $NAMES; do
  python - "$NODE" "$(address "$name")" <<'END'
import json, sys, time, urllib.request

node, address = sys.argv[1:]
call = {"jsonrpc": "2.0", "id": 1, "method": "anvil_setBalance", "params": [address, "0x56BC75E2D63100000"]}
for attempt in range(60):
    try:
        asked = urllib.request.Request(node, json.dumps(call).encode(), {"Content-Type": "application/json"})
        urllib.request.urlopen(asked, timeout=5).read()
        break
    except OSError:
        time.sleep(1)
else:
    sys.exit(f"no node answers at {node}")
END
done

if [ ! -e "$D" ]; then
  cat > "$D" <<END
network: ethereum:sepolia
chain_id: 11155111
token: {name: Rehearsal token, symbol: TEST, supply: 1000000}
seed_source: prevrandao
protocol:
  proposer_stake: 8
  voter_stake: 1
  bond: 64
  absence_penalty: 0.5
  proposer_bps: 2500
  voter_seats: 3
  quorum_bps: 3334
  max_strikes: 3
  seed_delay: 2
  propose_for: 120
  publish_for: 60
  vote_for: 120
  reveal_for: 60
  unbonding: 360
admission:
$(for i in 0 1 2 3; do echo "  - '$(address hospital$i)'"; done)
END
  stakefed task describe --task loans --share 0/4 --into "$D"
fi
stakefed deploy --config "$D" --account founder --network "$NODE"
stakefed grant $(for i in 0 1 2 3; do address hospital$i; done) \
  --amount 120 --deployment "$D" --account founder --network "$NODE"
