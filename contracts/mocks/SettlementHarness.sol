// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Settlement} from "../libraries/Settlement.sol";
import {Tally} from "../libraries/Tallies.sol";

/// @title SettlementHarness
/// @notice For tests: whole rounds through the libraries Tallies and Settlement, many in one call.
contract SettlementHarness {
    uint256 private constant LANES = 16;
    uint256 private constant BALLOTS = 8;

    /// @notice A round as the votes left it.
    struct Round {
        uint256 running; // Tally while voting.
        uint256 published; // Bit mask.
        uint256 updates;
        uint256 committed; // Ballots.
        uint256 void;
        uint256 proposerStake;
        uint256 voterStake;
        uint256 pot;
        uint256 proposerReward;
        uint256 voterReward;
        uint256[BALLOTS] ballots; // Whose payouts are asked for.
    }

    /// @notice What the contracts make of it.
    struct Outcome {
        uint256 sealed_;
        uint256 included;
        uint256 slashed;
        uint256 awarded;
        uint256 rewarded;
        uint256[LANES] proposers; // Payout by position.
        uint256[BALLOTS] voters; // Payout by ballot.
    }

    /// @notice The tally after each of `ballots` was counted once.
    function count(uint256[] calldata ballots) external pure returns (Tally tally) {
        tally = Tally.wrap(1 << 255);
        for (uint256 i; i < ballots.length; ++i) {
            tally = tally.add(ballots[i]);
        }
    }

    /// @notice Seals and settles each round by itself.
    function settle(Round[] calldata rounds) external pure returns (Outcome[] memory outcomes) {
        outcomes = new Outcome[](rounds.length);
        for (uint256 i; i < rounds.length; ++i) {
            _settle(rounds[i], outcomes[i]);
        }
    }

    function _settle(Round calldata r, Outcome memory o) private pure {
        Tally tally = Tally.wrap(r.running).seal(r.published, r.committed, r.void == 1);
        (uint256 included, uint256 winners) = tally.included();
        uint256 published;
        for (uint256 j; j < LANES; ++j) {
            if ((r.published >> j) & 1 == 0) continue;
            ++published;
            o.proposers[j] = Settlement.proposerPayout(tally, j, r.proposerStake, r.pot, r.proposerReward);
        }
        for (uint256 i; i < BALLOTS; ++i) {
            o.voters[i] = Settlement.voterPayout(tally, r.ballots[i], r.voterStake);
        }
        (o.sealed_, o.included) = (Tally.unwrap(tally), included);
        o.awarded = Settlement.shareDown(r.pot, winners) * winners;
        o.rewarded = Settlement.rewards(tally, winners, r.proposerReward, r.voterReward);
        o.slashed =
            Settlement.slashedTotal(tally, r.updates, published, r.committed, r.proposerStake, r.voterStake);
    }
}
