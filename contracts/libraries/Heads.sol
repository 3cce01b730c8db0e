// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IRoundManager} from "../interfaces/IRoundManager.sol";

/// @notice The latest round in one word, which the next round reuses. A struct of the same fields costs 2k gas a call
/// more, for it is unpacked to memory whole.
/// Bits 0 to 31: Unix time of the draw, zero before; of the deployment while there was no round. 32 to 55: round, from 1.
/// 56 to 79: members at the opening. 80 to 92: ⌈√members⌉. 93: a place changed since the opening. 94: finalised.
/// 96 to 111: published, bit j for the proposer at position j. 112 to 125: ballots committed. 126 to 139: voter seats
/// open. 140 to 144: proposer seats. 145 to 149: proposer seats open. 150 to 154: updates committed. 155 to 159: of these,
/// not published. 160 to 255: seed.
type Head is uint256;

using Heads for Head global;

/// @title Heads
/// @notice Reads and writes a {Head}. No counter overflows or falls below zero: a seat is used, or given up, once.
library Heads {
    uint256 private constant ROUND_AT = 32;
    uint256 private constant MEMBERS_AT = 56;
    uint256 private constant SIDE_AT = 80;
    uint256 private constant SHUFFLED_AT = 93;
    uint256 private constant FINALISED_AT = 94;
    uint256 private constant PUBLISHED_AT = 96;
    uint256 private constant BALLOTS_AT = 112;
    uint256 private constant OPEN_VOTERS_AT = 126;
    uint256 private constant PROPOSERS_AT = 140;
    uint256 private constant OPEN_PROPOSERS_AT = 145;
    uint256 private constant UPDATES_AT = 150;
    uint256 private constant UNPUBLISHED_AT = 155;
    uint256 private constant SEED_AT = 160;

    uint256 private constant SIDE_MASK = 0x1fff; // ⌈√members⌉ is 4096 at most.
    uint256 private constant COUNT_MASK = 0x1f; // Sixteen at most.
    uint256 private constant VOTERS_MASK = 0x3fff; // 2^14 - 2 at most.

    /// @notice Before the first round: nothing is open, and the deployment stands for the last draw.
    /// @param time Unix time of the deployment.
    function genesis(uint256 time) internal pure returns (Head) {
        return Head.wrap((1 << FINALISED_AT) | time);
    }

    /// @notice A round that waits for its seed, with so many seats, all open.
    function opened(uint256 round_, uint256 members_, uint256 proposers_, uint256 voters_)
        internal
        pure
        returns (Head)
    {
        uint256 side_ = Math.sqrt(members_, Math.Rounding.Ceil);
        return Head.wrap(
            (round_ << ROUND_AT) | (members_ << MEMBERS_AT) | (side_ << SIDE_AT)
                | (proposers_ << PROPOSERS_AT) | (proposers_ << OPEN_PROPOSERS_AT)
                | (voters_ << OPEN_VOTERS_AT)
        );
    }

    /// @notice The round with its seed, its clock started at `time`, Unix seconds before the year 2106.
    function drawn(Head self, uint96 seed_, uint256 time) internal pure returns (Head) {
        return Head.wrap(Head.unwrap(self) | (uint256(seed_) << SEED_AT) | time);
    }

    function withUpdate(Head self) internal pure returns (Head) {
        unchecked {
            return Head.wrap(
                Head.unwrap(self) + (1 << UPDATES_AT) + (1 << UNPUBLISHED_AT) - (1 << OPEN_PROPOSERS_AT)
            );
        }
    }

    function withPublished(Head self, uint256 position) internal pure returns (Head) {
        unchecked {
            return Head.wrap((Head.unwrap(self) - (1 << UNPUBLISHED_AT)) | (1 << (PUBLISHED_AT + position)));
        }
    }

    function withBallot(Head self) internal pure returns (Head) {
        unchecked {
            return Head.wrap(Head.unwrap(self) + (1 << BALLOTS_AT) - (1 << OPEN_VOTERS_AT));
        }
    }

    function withAbsent(Head self, bool proposes) internal pure returns (Head) {
        unchecked {
            return Head.wrap(Head.unwrap(self) - (1 << (proposes ? OPEN_PROPOSERS_AT : OPEN_VOTERS_AT)));
        }
    }

    function withShuffle(Head self) internal pure returns (Head) {
        return Head.wrap(Head.unwrap(self) | (1 << SHUFFLED_AT));
    }

    function withOutcome(Head self) internal pure returns (Head) {
        return Head.wrap(Head.unwrap(self) | (1 << FINALISED_AT));
    }

    function drawnAt(Head self) internal pure returns (uint256) {
        return uint32(Head.unwrap(self));
    }

    function round(Head self) internal pure returns (uint256) {
        return uint24(Head.unwrap(self) >> ROUND_AT);
    }

    function members(Head self) internal pure returns (uint256) {
        return uint24(Head.unwrap(self) >> MEMBERS_AT);
    }

    function side(Head self) internal pure returns (uint256) {
        return (Head.unwrap(self) >> SIDE_AT) & SIDE_MASK;
    }

    function published(Head self) internal pure returns (uint256) {
        return uint16(Head.unwrap(self) >> PUBLISHED_AT);
    }

    function ballots(Head self) internal pure returns (uint256) {
        return (Head.unwrap(self) >> BALLOTS_AT) & VOTERS_MASK;
    }

    /// @notice Voter seats neither used nor given up.
    function openVoters(Head self) internal pure returns (uint256) {
        return (Head.unwrap(self) >> OPEN_VOTERS_AT) & VOTERS_MASK;
    }

    /// @notice Voter seats that wait for an act: none while nothing is published, for there is no duty then.
    function awaitedVoters(Head self) internal pure returns (uint256) {
        return self.published() == 0 ? 0 : self.openVoters();
    }

    function proposers(Head self) internal pure returns (uint256) {
        return (Head.unwrap(self) >> PROPOSERS_AT) & COUNT_MASK;
    }

    /// @notice Proposer seats neither used nor given up.
    function openProposers(Head self) internal pure returns (uint256) {
        return (Head.unwrap(self) >> OPEN_PROPOSERS_AT) & COUNT_MASK;
    }

    function updates(Head self) internal pure returns (uint256) {
        return (Head.unwrap(self) >> UPDATES_AT) & COUNT_MASK;
    }

    /// @notice Updates committed and not published.
    function unpublished(Head self) internal pure returns (uint256) {
        return (Head.unwrap(self) >> UNPUBLISHED_AT) & COUNT_MASK;
    }

    function shuffled(Head self) internal pure returns (bool) {
        return (Head.unwrap(self) >> SHUFFLED_AT) & 1 == 1;
    }

    function finalised(Head self) internal pure returns (bool) {
        return (Head.unwrap(self) >> FINALISED_AT) & 1 == 1;
    }

    function seed(Head self) internal pure returns (uint256) {
        return Head.unwrap(self) >> SEED_AT;
    }

    /// @notice All fields, for views.
    /// @param seats Proposer and voter seats.
    function unpacked(Head self, uint256 seats) internal pure returns (IRoundManager.RoundState memory) {
        return IRoundManager.RoundState({
            round: self.round(),
            members: self.members(),
            drawnAt: self.drawnAt(),
            seed: self.seed(),
            updates: self.updates(),
            published: self.published(),
            absentProposers: self.proposers() - self.openProposers() - self.updates(),
            ballots: self.ballots(),
            absentVoters: seats - self.proposers() - self.openVoters() - self.ballots(),
            shuffled: self.shuffled(),
            finalised: self.finalised()
        });
    }
}
