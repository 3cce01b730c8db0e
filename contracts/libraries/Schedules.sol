// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../interfaces/IRoundManager.sol";
import {Head} from "./Heads.sol";

/// @notice When the phases end, seconds after the draw, in one word.
/// Bits 0 to 63: propose. 64 to 127: publish. 128 to 191: vote. 192 to 255: reveal.
type Schedule is uint256;

using Schedules for Schedule global;

/// @title Schedules
/// @notice A round's deadlines: Unix seconds, counted from its draw.
library Schedules {
    uint256 private constant PUBLISH_AT = 64;
    uint256 private constant VOTE_AT = 128;
    uint256 private constant REVEAL_AT = 192;

    /// @notice The schedule of a deployment.
    function pack(IRoundManager.Parameters memory p) internal pure returns (Schedule) {
        uint256 propose = p.proposeFor;
        uint256 publish = propose + p.publishFor;
        uint256 vote = publish + p.voteFor;
        uint256 reveal = vote + p.revealFor;
        return Schedule.wrap(propose | (publish << PUBLISH_AT) | (vote << VOTE_AT) | (reveal << REVEAL_AT));
    }

    /// @notice Puts the lengths of the phases into `p`.
    function unpack(Schedule self, IRoundManager.Parameters memory p) internal pure {
        uint256 ends = Schedule.unwrap(self);
        // The lower 32 bits of a difference are the length, whatever is above them.
        unchecked {
            p.proposeFor = uint32(ends);
            p.publishFor = uint32((ends >> PUBLISH_AT) - ends);
            p.voteFor = uint32((ends >> VOTE_AT) - (ends >> PUBLISH_AT));
            p.revealFor = uint32((ends >> REVEAL_AT) - (ends >> VOTE_AT));
        }
    }

    // No overflow in deadlines: a block's time and four spans of 32 bits.

    function proposeEnds(Schedule self, Head h) internal pure returns (uint256) {
        unchecked {
            return h.drawnAt() + uint64(Schedule.unwrap(self));
        }
    }

    function publishEnds(Schedule self, Head h) internal pure returns (uint256) {
        unchecked {
            return h.drawnAt() + uint64(Schedule.unwrap(self) >> PUBLISH_AT);
        }
    }

    function voteEnds(Schedule self, Head h) internal pure returns (uint256) {
        unchecked {
            return h.drawnAt() + uint64(Schedule.unwrap(self) >> VOTE_AT);
        }
    }

    function revealEnds(Schedule self, Head h) internal pure returns (uint256) {
        unchecked {
            return h.drawnAt() + uint64(Schedule.unwrap(self) >> REVEAL_AT);
        }
    }
}
