// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Tallies, Tally} from "./Tallies.sol";

// slither-disable-start divide-before-multiply: a voter's part of its stake is rounded first, by the rule; the rest goes back.

/// @title Settlement
/// @notice The rules of money, from a sealed tally alone. Amounts are base units below 2^96; rounding goes to the pool.
/// @dev Algorithms 1 (proposers) and 2 (voters) of the paper, the second applied to each bit with ⌊stake / p⌋.
library Settlement {
    /// @notice What each included proposer gets above its stake: ⌊pot / included⌋.
    /// @param pot The reward pool as it stood at the round's opening.
    /// @param included How many proposals are included.
    function shareDown(uint256 pot, uint256 included) internal pure returns (uint256) {
        return included == 0 ? 0 : pot / included;
    }

    /// @notice What the budget pays for a round: an included proposal's reward for each, and a voter's for each ballot
    /// revealed, whatever its bits; nothing when void.
    /// @param tally Sealed tally.
    /// @param included How many proposals are included.
    function rewards(Tally tally, uint256 included, uint256 proposerReward, uint256 voterReward)
        internal
        pure
        returns (uint256)
    {
        return tally.isVoid() ? 0 : included * proposerReward + tally.revealed() * voterReward;
    }

    /// @notice What the proposer that published proposal `j` gets back.
    /// @param tally Sealed tally.
    /// @param j Its seat position.
    /// @param stake Its lock.
    /// @param pot The reward pool as it stood at the round's opening.
    /// @param reward Of an included proposal, beside its share of the pot.
    function proposerPayout(Tally tally, uint256 j, uint256 stake, uint256 pot, uint256 reward)
        internal
        pure
        returns (uint256)
    {
        if (tally.isVoid()) return stake;

        (uint256 mask, uint256 included) = tally.included();
        if ((mask >> j) & 1 == 1) return stake + shareDown(pot, included) + reward;
        // slither-disable-next-line unused-return: only which.
        (mask,) = tally.spared();
        return (mask >> j) & 1 == 1 ? stake : 0;
    }

    /// @notice What a voter that revealed `ballot` gets back.
    /// @param tally Sealed tally.
    /// @param ballot Its ballot, masked to the published proposals.
    /// @param stake Its lock.
    function voterPayout(Tally tally, uint256 ballot, uint256 stake) internal pure returns (uint256 payout) {
        // Where nobody disagreed the parts come back whole: a shortcut, the loop says the same.
        if (tally.isVoid() || tally.isUnanimous(ballot)) return stake;

        // Bounded: sixteen lanes. No overflow: terms below 2^110.
        unchecked {
            uint256 left = tally.proposals();
            uint256 part = stake / left;
            uint256 committed = tally.committed();
            uint256 ballots = tally.revealed();
            uint256 pot = ballots * part;
            uint256 lanes = Tally.unwrap(tally);
            payout = stake - left * part;
            for (; left != 0; ballot >>= 1) {
                uint256 yes = lanes & Tallies.LANE_MASK;
                lanes >>= Tallies.LANE_BITS;
                if (yes == Tallies.LANE_MASK) continue;
                uint256 no = ballots - yes;
                uint256 agreeing = no ^ ((no ^ yes) * (ballot & 1)); // No branch: see {Tallies-included}.
                payout += _partDown(agreeing, committed, ballots, part, pot);
                --left;
            }
        }
    }

    /// @notice What a finalised round moves from the escrow to the reward pool: all locks less all stakes paid back.
    /// @param tally Sealed tally.
    /// @param updates Updates committed.
    /// @param published Updates published.
    /// @param ballots Ballots committed.
    /// @param proposerStake Lock of each update.
    /// @param voterStake Lock of each ballot.
    /// @return slashed Base units.
    function slashedTotal(
        Tally tally,
        uint256 updates,
        uint256 published,
        uint256 ballots,
        uint256 proposerStake,
        uint256 voterStake
    ) internal pure returns (uint256 slashed) {
        if (tally.isVoid()) {
            return (updates - published) * proposerStake + (ballots - tally.revealed()) * voterStake;
        }
        // slither-disable-next-line unused-return: only how many.
        (, uint256 spared) = tally.spared();
        return (updates - spared) * proposerStake + ballots * voterStake - _voterTotal(tally, voterStake);
    }

    /// @dev Payouts of all revealed ballots of a round that is not void.
    function _voterTotal(Tally tally, uint256 stake) private pure returns (uint256 total) {
        uint256 left = tally.proposals();
        uint256 part = stake / left;
        uint256 committed = tally.committed();
        uint256 ballots = tally.revealed();
        uint256 pot = ballots * part;
        uint256 lanes = Tally.unwrap(tally);
        total = ballots * (stake - left * part);
        // Bounded: sixteen lanes. No overflow: at most 2^14 ballots of sixteen terms below 2^110.
        unchecked {
            while (left != 0) {
                uint256 yes = lanes & Tallies.LANE_MASK;
                lanes >>= Tallies.LANE_BITS;
                if (yes == Tallies.LANE_MASK) continue;
                uint256 no = ballots - yes;
                total += yes * _partDown(yes, committed, ballots, part, pot);
                total += no * _partDown(no, committed, ballots, part, pot);
                --left;
            }
        }
    }

    /// @dev One bit's payout to each of W ballots that agree on it: more than half of those committed get
    /// part + ⌊(R − W)·part / W⌋ = ⌊R·part / W⌋, the others nothing; where neither side is as many, each gets the part.
    /// @param agreeing W.
    /// @param committed C, less than twice R.
    /// @param ballots R, ballots revealed.
    /// @param part ⌊stake / p⌋.
    /// @param pot R·part, the parts of all ballots revealed: silent ones take no part.
    function _partDown(uint256 agreeing, uint256 committed, uint256 ballots, uint256 part, uint256 pot)
        private
        pure
        returns (uint256 paid)
    {
        // Assembly, for it is half as dear: no branches, and no check of a divisor that is zero only where it is not used.
        assembly ("memory-safe") {
            let twice := shl(1, agreeing)
            let isMost := gt(twice, committed)
            let areOthers := gt(sub(shl(1, ballots), twice), committed)
            paid := add(mul(isMost, div(pot, agreeing)), mul(iszero(or(isMost, areOthers)), part))
        }
    }
}

// slither-disable-end divide-before-multiply
