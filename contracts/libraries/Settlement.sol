// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Tallies, Tally} from "./Tallies.sol";

/// @title Settlement
/// @notice The rules of money, from a sealed tally alone. Amounts are base units below 2^96; rounding goes to the pool.
/// @dev Algorithms 1 (proposers) and 2 (voters) of the paper, the second applied to each bit with stake / p.
library Settlement {
    /// @notice What each included proposer gets above its stake: ⌊pot / included⌋.
    /// @param pot The reward pool as it stood at the round's opening.
    /// @param included Bit mask of included proposals.
    function shareDown(uint256 pot, uint256 included) internal pure returns (uint256) {
        return included == 0 ? 0 : pot / count(included);
    }

    /// @notice What the proposer that published proposal `j` gets back.
    /// @param tally Sealed tally.
    /// @param j Its seat position.
    /// @param stake Its lock.
    /// @param pot The reward pool as it stood at the round's opening.
    function proposerPayout(Tally tally, uint256 j, uint256 stake, uint256 pot)
        internal
        pure
        returns (uint256)
    {
        if (tally.isVoid()) return stake;

        (, uint256 included) = tally.outcome();
        return (included >> j) & 1 == 0 ? 0 : stake + shareDown(pot, included);
    }

    /// @notice What a voter that revealed `ballot` gets back.
    /// @param tally Sealed tally.
    /// @param ballot Its ballot, masked to the published proposals.
    /// @param stake Its lock.
    function voterPayout(Tally tally, uint256 ballot, uint256 stake) internal pure returns (uint256 payout) {
        if (tally.isVoid()) return stake;

        (uint256 published,) = tally.outcome();
        uint256 p = count(published);
        uint256 part = stake / p;

        // No overflow: at most sixteen terms below 2^110.
        unchecked {
            payout = stake - p * part;
            for (uint256 j; published >> j != 0; ++j) {
                if ((published >> j) & 1 == 1) {
                    payout += _partDown(tally, tally.votes(j), (ballot >> j) & 1, part);
                }
            }
        }
    }

    /// @notice What a finalised round moves from the escrow to the reward pool: all locks less all payouts of stakes.
    /// @param tally Sealed tally.
    /// @param updates Updates committed.
    /// @param proposerStake Lock of each.
    /// @param voterStake Lock of each ballot committed.
    /// @return slashed Base units.
    function slashedTotal(Tally tally, uint256 updates, uint256 proposerStake, uint256 voterStake)
        internal
        pure
        returns (uint256 slashed)
    {
        (uint256 published, uint256 included) = tally.outcome();
        uint256 returned = count(tally.isVoid() ? published : included);

        return (updates - returned) * proposerStake + tally.committed() * voterStake
            - _voterTotal(tally, published, voterStake);
    }

    /// @notice Bits set in a mask of sixteen.
    function count(uint256 mask) internal pure returns (uint256 bits) {
        // Bounded: each turn clears one of the bits.
        unchecked {
            for (; mask != 0; mask &= mask - 1) {
                ++bits;
            }
        }
    }

    /// @dev Payouts of all revealed ballots together.
    function _voterTotal(Tally tally, uint256 published, uint256 stake) private pure returns (uint256 total) {
        uint256 ballots = tally.revealed();
        if (tally.isVoid()) return ballots * stake;

        uint256 p = count(published);
        uint256 part = stake / p;

        // No overflow: at most 2^14 ballots of sixteen terms below 2^110.
        unchecked {
            total = ballots * (stake - p * part);
            for (uint256 j; published >> j != 0; ++j) {
                if ((published >> j) & 1 == 0) continue;
                uint256 yes = tally.votes(j);
                total += yes * _partDown(tally, yes, 1, part) + (ballots - yes)
                    * _partDown(tally, yes, 0, part);
            }
        }
    }

    /// @dev One bit's payout to a ballot that voted `bit`: on the majority's side the part plus a floored share of the
    /// minority's and the silent parts, on the other nothing, on a tie the part.
    function _partDown(Tally tally, uint256 yes, uint256 bit, uint256 part) private pure returns (uint256) {
        uint256 ballots = tally.revealed();

        // No overflow, no division by zero: winners ≥ ballots / 2 > 0, winners ≤ committed, part below 2^96.
        unchecked {
            if (2 * yes == ballots) return part;
            if ((2 * yes > ballots) != (bit == 1)) return 0;
            uint256 winners = Math.max(yes, ballots - yes);
            return part + (tally.committed() - winners) * part / winners;
        }
    }
}
