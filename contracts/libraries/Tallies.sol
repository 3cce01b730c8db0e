// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A round's votes in one word.
/// Bits 0 to 223: sixteen lanes of 14 bits, lane `j` counts the ballots with bit `j`.
/// Bits 224 to 237: ballots revealed. Bits 238 to 251: ballots committed, set by sealing.
/// Bit 252: void, set by sealing. Bit 255: always one, so that the word is never zero and no round pays for a new slot.
type Tally is uint256;

using Tallies for Tally global;

/// @title Tallies
/// @notice Reads and writes a {Tally}.
library Tallies {
    uint256 internal constant LANES = 16;
    uint256 internal constant LANE_BITS = 14;
    uint256 internal constant LANE_MASK = (1 << LANE_BITS) - 1;

    /// @notice Voters of a round at most. One value less than a lane holds: all ones marks a lane without a proposal.
    uint256 internal constant MAX_VOTERS = LANE_MASK - 1;

    uint256 private constant REVEALED_AT = 224;
    uint256 private constant COMMITTED_AT = 238;
    uint256 private constant VOID_AT = 252;

    /// @notice The tally of a round without votes.
    Tally internal constant EMPTY = Tally.wrap(1 << 255);

    /// @notice Counts one ballot.
    /// @param ballot Bit `j` set for proposal `j`; at most sixteen bits.
    function add(Tally self, uint256 ballot) internal pure returns (Tally) {
        uint256 word = Tally.unwrap(self);

        // No lane overflows: a voter counts once and there are MAX_VOTERS at most.
        unchecked {
            word += 1 << REVEALED_AT;
            for (uint256 lane; ballot != 0; lane += LANE_BITS) {
                word += (ballot & 1) << lane;
                ballot >>= 1;
            }
        }
        return Tally.wrap(word);
    }

    /// @notice Closes the tally: lanes outside `published` are marked, `committed` and `void` are noted.
    /// @param published Bit `j` set when proposal `j` was published.
    /// @param committed Ballots committed, at most MAX_VOTERS.
    /// @param void Whether the round decides nothing.
    function seal(Tally self, uint256 published, uint256 committed, bool void) internal pure returns (Tally) {
        uint256 word = Tally.unwrap(self) | (committed << COMMITTED_AT);
        if (void) word |= 1 << VOID_AT;

        // Bounded: sixteen lanes.
        unchecked {
            for (uint256 j; j < LANES; ++j) {
                if ((published >> j) & 1 == 0) word |= LANE_MASK << (j * LANE_BITS);
            }
        }
        return Tally.wrap(word);
    }

    /// @notice Votes in lane `j`; {LANE_MASK} in a sealed tally when proposal `j` was not published.
    function votes(Tally self, uint256 j) internal pure returns (uint256) {
        // No overflow: j is below 16.
        unchecked {
            return (Tally.unwrap(self) >> (j * LANE_BITS)) & LANE_MASK;
        }
    }

    /// @notice Ballots revealed.
    function revealed(Tally self) internal pure returns (uint256) {
        return (Tally.unwrap(self) >> REVEALED_AT) & LANE_MASK;
    }

    /// @notice Ballots committed; zero before sealing.
    function committed(Tally self) internal pure returns (uint256) {
        return (Tally.unwrap(self) >> COMMITTED_AT) & LANE_MASK;
    }

    /// @notice Whether the round decided nothing; false before sealing.
    function isVoid(Tally self) internal pure returns (bool) {
        return (Tally.unwrap(self) >> VOID_AT) & 1 == 1;
    }

    /// @notice Proposals of a sealed tally, and those of them that are included: 2·y_j > R, none when void (Eq. 3).
    /// @return published Bit `j` set when proposal `j` was published.
    /// @return included Bit `j` set when a strict majority of the revealed ballots accepts it.
    function outcome(Tally self) internal pure returns (uint256 published, uint256 included) {
        uint256 ballots = self.revealed();
        bool decided = !self.isVoid();

        // Bounded: sixteen lanes of 14 bits.
        unchecked {
            for (uint256 j; j < LANES; ++j) {
                uint256 yes = self.votes(j);
                if (yes == LANE_MASK) continue;
                published |= 1 << j;
                if (decided && 2 * yes > ballots) included |= 1 << j;
            }
        }
    }
}
