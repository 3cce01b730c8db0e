// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";

/// @title Presets
/// @notice Parameters that the tests deploy with. Amounts are small primes or nearly so: nothing divides evenly.
library Presets {
    /// @notice As the protocol advises for real deployments: a voter stake of an eighth, absence that costs, attendance that
    /// pays, strikes, a quorum, weights, and an end.
    function guarded() internal pure returns (IRoundManager.Parameters memory p) {
        p = _common();
        p.proposerStake = 10_007;
        p.voterStake = 1259;
        p.bond = 12_011;
        p.absencePenalty = 499;
        p.quorumBps = 4000;
        p.maxStrikes = 2;
        p.maxSamples = 100;
        p.maxRounds = 30;
        p.minMembers = 5;
        p.markFor = 30;
        p.interval = 400;
        p.treasury = address(0x7eeee);
        p.proposerReward = 211;
        p.voterReward = 23;
    }

    /// @notice As the paper plays: equal stakes, everybody votes, no penalty, no quorum, no end.
    function paper() internal pure returns (IRoundManager.Parameters memory p) {
        p = _common();
        p.proposerStake = 8009;
        p.voterStake = 8009;
        p.bond = 8009;
        p.maxSamples = 1;
    }

    /// @notice Where rounding is largest and everything ends soon: the smallest stakes, a committee of three, few rounds.
    function tiny() internal pure returns (IRoundManager.Parameters memory p) {
        p = _common();
        p.proposerStake = 1;
        p.voterStake = 17;
        p.bond = 19;
        p.absencePenalty = 2;
        p.proposerBps = 5000;
        p.voterSeats = 3;
        p.quorumBps = 5000;
        p.maxStrikes = 1;
        p.maxSamples = type(uint16).max;
        p.maxRounds = 6;
    }

    function _common() private pure returns (IRoundManager.Parameters memory p) {
        p.proposerBps = 3000;
        p.voterSeats = 16_382;
        p.minMembers = 4;
        p.seedDelay = 2;
        p.proposeFor = 100;
        p.publishFor = 70;
        p.voteFor = 110;
        p.revealFor = 90;
        p.unbonding = 500;
        p.rules = keccak256("rules");
    }
}
