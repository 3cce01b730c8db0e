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

    /// @dev Sealed: votes and counts as they were, for any two proposals of sixteen.
    function check_sealKeepsVotes(uint256 word, uint8 a, uint8 b, uint256 ballots, bool isVoid)
        external
        pure
    {
        vm.assume(a < 16 && b < 16 && word >> 238 == 1 << 17 && ballots <= Tallies.MAX_VOTERS);
        uint256 published = (1 << a) | (1 << b);
        Tally result = _seal(word, published, ballots, isVoid);
        assert(_lane(Tally.unwrap(result), a) == _lane(word, a));
        assert(_lane(Tally.unwrap(result), b) == _lane(word, b));
        assert(result.revealed() == (word >> 224) & MASK);
        assert(result.isVoid() == isVoid);
        if (!isVoid) assert(result.committed() == ballots);
        assert(result.proposals() == (a == b ? 1 : 2));
    }

    /// @dev Eq. 3 for any single proposal of sixteen.
    function check_strictMajorityIncludes(uint16 yes, uint16 revealed, uint16 committed, uint8 j)
        external
        pure
    {
        vm.assume(j < 16 && yes <= revealed && revealed <= committed && committed <= Tallies.MAX_VOTERS);
        uint256 word = (1 << 255) | (uint256(revealed) << 224) | (uint256(yes) << (LANE * j));
        (uint256 mask, uint256 bits) = _seal(word, 1 << j, committed, false).included();
        bool isIncluded = 2 * uint256(yes) > revealed;
        assert(mask == (isIncluded ? 1 << j : 0) && bits == (isIncluded ? 1 : 0));
    }

    function _seal(uint256 word, uint256 published, uint256 ballots, bool isVoid)
        private
        pure
        returns (Tally)
    {
        return Tally.wrap(word).seal(published, ballots, isVoid);
    }

    function _lane(uint256 word, uint256 j) private pure returns (uint256) {
        return (word >> (LANE * j)) & MASK;
    }
}
