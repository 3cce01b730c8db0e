// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Tallies, Tally} from "../../../contracts/libraries/Tallies.sol";
import {vm} from "../support/Vm.sol";

/// @title Bits
/// @notice Settlement as a sum over proposals, and the tallies that it is proved of.
library Bits {
    uint256 internal constant LANE = 14;
    uint256 internal constant MASK = 0x3fff;

    /// @dev Whatever a round can hold: counts of 14 bits, voters' stake of 96.
    struct Round {
        uint16[16] yes;
        uint16 revealed;
        uint16 committed;
        uint96 stake;
    }

    /// @notice One proposal's payout to each of `agreeing` ballots: ⌊pot / agreeing⌋ to a majority of those committed, nothing
    /// against one, the part where there is none.
    function share(uint256 agreeing, uint256 committed, uint256 ballots, uint256 part, uint256 pot)
        internal
        pure
        returns (uint256 paid)
    {
        assembly ("memory-safe") {
            let twice := shl(1, agreeing)
            let isMost := gt(twice, committed)
            let areOthers := gt(sub(shl(1, ballots), twice), committed)
            paid := add(mul(isMost, div(pot, agreeing)), mul(iszero(or(isMost, areOthers)), part))
        }
    }

    // This and {share} are written as in the library, so that terms of a proof are the library's own; what they come to is proved
    // by itself, in {SettlementProofs-check_agreeingIsTheBallotsSide} and {ShareProofs-check_shareIsByMajority}.

    /// @notice Ballots that agree with one whose lowest bit is for or against: `yes`, or the others.
    function agreeing(uint256 ballot, uint256 yes, uint256 ballots) internal pure returns (uint256) {
        unchecked {
            uint256 no = ballots - yes;
            return no ^ ((no ^ yes) * (ballot & 1));
        }
    }

    /// @notice A sealed tally of the proposals 0 to p − 1: every one that rounds can reach.
    function sealedTally(uint256 p, Round memory r) internal pure returns (Tally) {
        uint256 revealed = r.revealed & MASK;
        uint256 committed = r.committed & MASK;
        vm.assume(revealed <= committed && committed < 2 * revealed && committed <= Tallies.MAX_VOTERS);
        uint256 word = (1 << 255) | (revealed << 224);
        for (uint256 j; j < p; ++j) {
            uint256 yes = r.yes[j] & MASK;
            vm.assume(yes <= revealed && yes != MASK); // The second follows, and is said to prune branches.
            word |= yes << (LANE * j);
        }
        return Tally.wrap(word).seal((1 << p) - 1, committed, false);
    }

    /// @notice Ballots that accept proposal `j`.
    function lane(Tally tally, uint256 j) internal pure returns (uint256) {
        return (Tally.unwrap(tally) >> (LANE * j)) & MASK;
    }
}
