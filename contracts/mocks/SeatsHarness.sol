// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Head, Heads} from "../libraries/Heads.sol";
import {Seats} from "../libraries/Seats.sol";

/// @title SeatsHarness
/// @notice For tests: many positions of the library Seats in one call.
contract SeatsHarness {
    /// @notice Positions of the members [first, first + many).
    function positions(uint256 seed, uint256 members, uint256 first, uint256 many)
        external
        pure
        returns (uint256[] memory values)
    {
        values = new uint256[](many);
        uint256 side = Heads.opened(1, members, 0, 0).side();
        for (uint256 i; i < many; ++i) {
            values[i] = Seats.position(seed, first + i, members, side);
        }
    }

    /// @notice The positions of members 0 and 1 for each seed in [first, first + many), as position0 · members +
    /// position1.
    function pairs(uint256 first, uint256 many, uint256 members)
        external
        pure
        returns (uint256[] memory values)
    {
        values = new uint256[](many);
        uint256 side = Heads.opened(1, members, 0, 0).side();
        for (uint256 i; i < many; ++i) {
            uint256 seed = uint96(uint256(keccak256(abi.encode(first + i))));
            values[i] =
                Seats.position(seed, 0, members, side) * members + Seats.position(seed, 1, members, side);
        }
    }

    /// @notice Proposer and voter seats.
    function counts(uint256 members, uint256 proposerBps, uint256 voterSeats)
        external
        pure
        returns (uint256, uint256)
    {
        return Seats.counts(members, proposerBps, voterSeats);
    }
}
