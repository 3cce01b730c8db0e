// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice A round's votes in one word.
/// Bits 0 to 223: sixteen lanes of 14 bits, lane `j` counts the ballots with bit `j`.
/// Bits 224 to 237: ballots revealed.
/// While voting, bit 255 is one, so that the word is never zero and no round pays for a new slot.
/// Sealed, bits 238 to 251 are the ballots committed, all ones when the round is void; bits 252 to 255 the proposals
/// published less one; and lanes of positions without a proposal are all ones.
type Tally is uint256;

using Tallies for Tally global;

/// @title Tallies
/// @notice Reads and writes a {Tally}.
library Tallies {
    uint256 internal constant LANE_BITS = 14;
    uint256 internal constant LANE_MASK = (1 << LANE_BITS) - 1;

    /// @notice Voters of a round at most. One value less than a lane holds: all ones has a meaning of its own.
    uint256 internal constant MAX_VOTERS = LANE_MASK - 1;

    /// @notice The tally of a round without votes.
    Tally internal constant EMPTY = Tally.wrap(1 << 255);

    uint256 private constant LANES = 16;
    uint256 private constant REVEALED_AT = 224;
    uint256 private constant COMMITTED_AT = 238;
    uint256 private constant PROPOSALS_AT = 252;
    // Times a ballot: eight copies of it, one every 26 bits. Copy k has bit 2k at bit 28k, where lane 2k begins.
    uint256 private constant COPIES = (2 ** (8 * 26) - 1) / (2 ** 26 - 1);
    uint256 private constant EVEN_LANES = (2 ** (8 * 28) - 1) / (2 ** 28 - 1); // Ones where even lanes begin.
    uint256 private constant ALL_LANES = (2 ** (16 * 14) - 1) / (2 ** 14 - 1); // Ones where lanes begin.

    /// @notice Counts one ballot.
    /// @param ballot Bit `j` set for proposal `j`; at most sixteen bits.
    function add(Tally self, uint256 ballot) internal pure returns (Tally) {
        // No lane overflows: a voter counts once and there are MAX_VOTERS at most.
        unchecked {
            return Tally.wrap(Tally.unwrap(self) + _spread(ballot) + (1 << REVEALED_AT));
        }
    }

    /// @notice Closes the tally.
    /// @param published Bit `j` set when proposal `j` was published; not zero unless `void`.
    /// @param ballots Ballots committed, at most MAX_VOTERS.
    /// @param void Whether the round decides nothing.
    function seal(Tally self, uint256 published, uint256 ballots, bool void) internal pure returns (Tally) {
        uint256 word = Tally.unwrap(self) ^ Tally.unwrap(EMPTY);

        // No overflow: sixteen ones at most add up in the last lane.
        unchecked {
            uint256 ones = _spread(published);
            word |= (ALL_LANES ^ ones) * LANE_MASK;
            uint256 count = ((ones * ALL_LANES) >> ((LANES - 1) * LANE_BITS)) & LANE_MASK;
            if (count != 0) word |= (count - 1) << PROPOSALS_AT;
        }
        return Tally.wrap(word | ((void ? LANE_MASK : ballots) << COMMITTED_AT));
    }

    /// @notice Ballots revealed.
    function revealed(Tally self) internal pure returns (uint256) {
        return (Tally.unwrap(self) >> REVEALED_AT) & LANE_MASK;
    }

    /// @notice Ballots committed; of a sealed tally that is not void.
    function committed(Tally self) internal pure returns (uint256) {
        return (Tally.unwrap(self) >> COMMITTED_AT) & LANE_MASK;
    }

    /// @notice Proposals published; of a sealed tally that is not void.
    function proposals(Tally self) internal pure returns (uint256) {
        // No overflow: four bits.
        unchecked {
            return (Tally.unwrap(self) >> PROPOSALS_AT) + 1;
        }
    }

    /// @notice Whether the round decided nothing; of a sealed tally.
    function isVoid(Tally self) internal pure returns (bool) {
        return self.committed() == LANE_MASK;
    }

    /// @notice Whether every ballot revealed is `ballot`; of a sealed tally that is not void.
    /// @param ballot Masked to the published proposals.
    function isUnanimous(Tally self, uint256 ballot) internal pure returns (bool) {
        // No overflow: a lane holds every count of ballots.
        unchecked {
            uint256 votes = _spread(ballot);
            uint256 lanes = Tally.unwrap(self) & (ALL_LANES * LANE_MASK);
            // Nothing in the lanes of proposals; all ones in those of none, where the ballot has no bit.
            uint256 differing = lanes ^ (votes * self.revealed());
            uint256 none = differing & ALL_LANES;
            return differing == none * LANE_MASK && none & votes == 0;
        }
    }

    /// @notice Proposals included: 2·y_j > C (Eq. 3, of the ballots committed; a tie excludes), none when void; of a sealed
    /// tally.
    /// @return mask Bit `j` set when a strict majority of the committed ballots accepts proposal `j`.
    /// @return bits How many.
    function included(Tally self) internal pure returns (uint256 mask, uint256 bits) {
        return self.isVoid() ? (0, 0) : _above(self, self.committed());
    }

    /// @notice Proposals not rejected, 2·n_j < C: included, or undecided where silence left both sides half or less; of a
    /// sealed tally that is not void.
    /// @return mask Bit `j` set when less than half of the committed ballots reject proposal `j`.
    /// @return bits How many.
    function spared(Tally self) internal pure returns (uint256 mask, uint256 bits) {
        // No underflow: more than half were revealed, or the round is void.
        unchecked {
            return _above(self, 2 * self.revealed() - self.committed());
        }
    }

    /// @dev Proposals with 2·y_j above `least`, a count of ballots.
    function _above(Tally self, uint256 least) private pure returns (uint256 mask, uint256 bits) {
        // Without a branch at each lane, where the proofs' paths would split: 2^16 of them. Of z = LANE_MASK − y, which is
        // zero where there is no proposal, 2·z − 2 is below the limit exactly when 2·y is above `least`.
        unchecked {
            uint256 limit = 2 * LANE_MASK - 2 - least;
            uint256 rest = ~Tally.unwrap(self) & (ALL_LANES * LANE_MASK);
            // Bounded: sixteen lanes of 14 bits.
            for (uint256 j; rest != 0; ++j) {
                uint256 bit = SafeCast.toUint(2 * (rest & LANE_MASK) - 2 < limit);
                mask |= bit << j;
                bits += bit;
                rest >>= LANE_BITS;
            }
        }
    }

    /// @dev One in lane `j` for each bit `j` of a ballot.
    function _spread(uint256 ballot) private pure returns (uint256) {
        // Thirteen bits further, copy k has bit 2k + 1 where lane 2k + 1 begins.
        unchecked {
            uint256 copies = ballot * COPIES;
            return (copies & EVEN_LANES) | ((copies << 13) & (EVEN_LANES << LANE_BITS));
        }
    }
}
