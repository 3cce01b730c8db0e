// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Rules
/// @notice The protocol's arithmetic as its document writes it: loops over ballots, no packed words, no shortcuts.
library Rules {
    /// @notice S and V of a round.
    function seats(uint256 members, uint256 bps, uint256 wanted)
        internal
        pure
        returns (uint256 s, uint256 v)
    {
        s = (bps * members + 5000) / 10_000;
        if (s == 0) s = 1;
        if (s > 16) s = 16;
        v = members - s < wanted ? members - s : wanted;
    }

    /// @notice Reveals below which a round is void.
    function quorum(uint256 voters, uint256 bps) internal pure returns (uint256 least) {
        least = (voters * bps + 9999) / 10_000;
        if (least == 0) least = 1;
    }

    /// @notice Bits set.
    function ones(uint256 mask) internal pure returns (uint256 count) {
        for (; mask != 0; mask >>= 1) {
            count += mask & 1;
        }
    }

    /// @notice Ballots with bit `j`.
    function votes(uint256[] memory ballots, uint256 j) internal pure returns (uint256 count) {
        for (uint256 i; i < ballots.length; ++i) {
            count += (ballots[i] >> j) & 1;
        }
    }

    /// @notice Proposals that more than half of the revealed ballots accept (Eq. 3).
    function included(uint256[] memory ballots, uint256 published) internal pure returns (uint256 mask) {
        for (uint256 j; j < 16; ++j) {
            if ((published >> j) & 1 == 1 && 2 * votes(ballots, j) > ballots.length) mask |= 1 << j;
        }
    }

    /// @notice What a voter gets back: on each bit its part and an equal share of what the others lost there, or nothing; and
    /// what no part takes.
    function voterPayout(
        uint256[] memory ballots,
        uint256 ballot,
        uint256 published,
        uint256 committed,
        uint256 stake
    ) internal pure returns (uint256 payout) {
        uint256 part = stake / ones(published);
        payout = stake - ones(published) * part;
        for (uint256 j; j < 16; ++j) {
            if ((published >> j) & 1 == 0) continue;
            uint256 yes = votes(ballots, j);
            uint256 agreeing = (ballot >> j) & 1 == 1 ? yes : ballots.length - yes;
            if (2 * agreeing == ballots.length) payout += part;
            if (2 * agreeing > ballots.length) payout += part + ((committed - agreeing) * part) / agreeing;
        }
    }
}
