// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Tallies, Tally} from "../../../contracts/libraries/Tallies.sol";
import {vm} from "../support/Vm.sol";

/// @notice Proved by Halmos for every word: counting ballots touches no lane but its own.
contract TallyProofs {
    uint256 private constant LANE = 14;
    uint256 private constant MASK = 0x3fff;

    /// @dev Whatever was counted so far, of at most MAX_VOTERS ballots: each lane grows by its bit, and none runs over.
    function check_addCountsEachBitOnce(uint256 word, uint16 ballot) external pure {
        vm.assume((word >> 224) & MASK < Tallies.MAX_VOTERS);
        for (uint256 j; j < 16; ++j) {
            vm.assume(_lane(word, j) <= (word >> 224) & MASK);
        }
        uint256 sum = Tally.unwrap(Tally.wrap(word).add(ballot));
        for (uint256 j; j < 16; ++j) {
            assert(_lane(sum, j) == _lane(word, j) + ((ballot >> j) & 1));
        }
        assert(Tally.wrap(sum).revealed() == Tally.wrap(word).revealed() + 1);
        assert(sum >> 238 == word >> 238);
    }

    /// @dev So every tally that ballots lead to satisfies what the check above asks for.
    function check_addKeepsItsPremise(uint256 word, uint16 ballot) external pure {
        for (uint256 j; j < 16; ++j) {
            vm.assume(_lane(word, j) <= (word >> 224) & MASK);
        }
        vm.assume((word >> 224) & MASK < Tallies.MAX_VOTERS);
        uint256 sum = Tally.unwrap(Tally.wrap(word).add(ballot));
        for (uint256 j; j < 16; ++j) {
            assert(_lane(sum, j) <= (sum >> 224) & MASK);
        }
    }

    /// @dev Sealed: votes and counts as they were, all ones where no proposal was published.
    function check_sealKeepsVotes(uint256 word, uint16 published, uint256 ballots, bool isVoid)
        external
        pure
    {
        vm.assume(word >> 238 == 1 << 17 && ballots <= Tallies.MAX_VOTERS);
        for (uint256 j; j < 16; ++j) {
            vm.assume(_lane(word, j) * (1 - ((published >> j) & 1)) == 0);
        }
        Tally result = Tally.wrap(word).seal(published, ballots, isVoid);
        uint256 proposals;
        for (uint256 j; j < 16; ++j) {
            uint256 bit = (published >> j) & 1;
            proposals += bit;
            assert(_lane(Tally.unwrap(result), j) == _lane(word, j) + (1 - bit) * MASK);
        }
        assert(result.revealed() == (word >> 224) & MASK);
        assert(result.isVoid() == isVoid);
        assert(isVoid || result.committed() == ballots);
        assert(proposals == 0 || result.proposals() == proposals);
    }

    /// @dev Eq. 3, whatever was published and however it was voted.
    function check_strictMajorityIncludes(uint256 word) external pure {
        Tally tally = Tally.wrap(word);
        uint256 committed = tally.committed();
        vm.assume(!tally.isVoid());
        (uint256 mask, uint256 bits) = tally.included();
        uint256 expected;
        for (uint256 j; j < 16; ++j) {
            uint256 yes = _lane(word, j);
            uint256 bit = _toUint(yes != MASK) & _toUint(2 * yes > committed);
            assert((mask >> j) & 1 == bit);
            expected += (mask >> j) & 1;
        }
        assert(mask >> 16 == 0 && bits == expected);
    }

    /// @dev Less than half of the committed ballots against it, 2·(R − y) < C, spare a proposal, whatever was published and
    /// however it was voted.
    function check_halfOfTheBallotsRejects(uint256 word) external pure {
        Tally tally = Tally.wrap(word);
        (uint256 committed, uint256 revealed) = (tally.committed(), tally.revealed());
        vm.assume(revealed <= committed && committed < 2 * revealed && committed <= Tallies.MAX_VOTERS);
        (uint256 mask, uint256 bits) = tally.spared();
        uint256 expected;
        uint256 least = 2 * revealed - committed;
        for (uint256 j; j < 16; ++j) {
            uint256 yes = _lane(word, j);
            uint256 bit = _toUint(yes != MASK) & _toUint(2 * yes > least);
            assert((mask >> j) & 1 == bit);
            expected += (mask >> j) & 1;
        }
        assert(mask >> 16 == 0 && bits == expected);
    }

    /// @dev The same as in {check_halfOfTheBallotsRejects}; with nobody silent who is not included is rejected.
    function check_sparedIsLessThanHalfAgainst(uint16 yes, uint16 revealed, uint16 committed) external pure {
        vm.assume(yes <= revealed && revealed <= committed && committed <= 2 * uint256(revealed));
        bool spared = 2 * uint256(yes) > 2 * uint256(revealed) - committed;
        assert(spared == (2 * uint256(revealed - yes) < committed));
        assert(revealed != committed || spared == (2 * uint256(yes) > committed));
    }

    /// @dev Of a void tally none.
    function check_voidIncludesNothing(uint256 word) external pure {
        vm.assume(Tally.wrap(word).isVoid());
        (uint256 mask, uint256 bits) = Tally.wrap(word).included();
        assert(mask == 0 && bits == 0);
    }

    function _toUint(bool is_) private pure returns (uint256 bit) {
        assembly ("memory-safe") {
            bit := is_
        }
    }

    function _lane(uint256 word, uint256 j) private pure returns (uint256) {
        return (word >> (LANE * j)) & MASK;
    }
}
