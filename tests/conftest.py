"""What all tests share: time for anvil to start, and where shared data lies when there is any."""

from offchain.network_option import allow_slow_start

allow_slow_start()
