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

    /// @notice Whether a round of V voters, C ballots committed and R revealed decides nothing.
    function isVoid(uint256 published, uint256 v, uint256 bps, uint256 c, uint256 r)
        internal
        pure
        returns (bool)
    {
        return published == 0 || c < (v * bps + 9999) / 10_000 || 2 * r <= c;
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

    /// @notice Proposals that more than half of the committed ballots accept (Eq. 3).
    function included(uint256[] memory ballots, uint256 published, uint256 committed)
        internal
        pure
        returns (uint256 mask)
    {
        for (uint256 j; j < 16; ++j) {
            if ((published >> j) & 1 == 1 && 2 * votes(ballots, j) > committed) mask |= 1 << j;
        }
    }

    /// @notice Proposals that half of the committed ballots or more reject.
    function rejected(uint256[] memory ballots, uint256 published, uint256 committed)
        internal
        pure
        returns (uint256 mask)
    {
        for (uint256 j; j < 16; ++j) {
            uint256 no = ballots.length - votes(ballots, j);
            if ((published >> j) & 1 == 1 && 2 * no >= committed) mask |= 1 << j;
        }
    }

    /// @notice What a voter gets back: on each bit its part and an equal share of what the others that revealed lost there, or
    /// nothing, or its part where no side is more than half of the committed ballots; and what no part takes.
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
            uint256 others = ballots.length - agreeing;
            if (2 * agreeing > committed) payout += part + (others * part) / agreeing;
            else if (2 * others <= committed) payout += part;
        }
    }
}
