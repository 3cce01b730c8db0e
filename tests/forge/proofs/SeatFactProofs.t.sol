// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SeatFacts} from "./SeatFacts.sol";
import {vm} from "../support/Vm.sol";

/// @notice Proved by Halmos for every word within the bounds: what {SeatProofs} assumes.
/// @custom:halmos --solver-command ".venv/audit/bin/python tests/forge/proofs/solve.py integers"
contract SeatFactProofs {
    uint256 private constant SIDES = SeatFacts.SIDES;

    function check_stepIsUndone(uint256 u, uint256 v, uint256 h, uint256 side) external pure {
        vm.assume(side < SIDES);
        assert(SeatFacts.stepIsUndone(u, v, h, side));
    }

    function check_splits(uint256 value, uint256 a, uint256 b, uint256 members) external pure {
        vm.assume(a < SIDES && b < SIDES && members < 1 << 26);
        assert(SeatFacts.splits(value, a, b, members));
    }

    function check_splitsOnce(uint256 value, uint256 value2, uint256 a) external pure {
        vm.assume(a < SIDES);
        assert(SeatFacts.splitsOnce(value, value2, a));
    }

    function check_joinsBelow(uint256 x, uint256 y, uint256 a, uint256 b, uint256 members) external pure {
        vm.assume(a < SIDES && b < SIDES && members < 1 << 26);
        // First without what is known of the members; then they can only be a·b.
        bool holds;
        assembly ("memory-safe") {
            holds := or(iszero(and(lt(x, a), lt(y, b))), lt(add(mul(y, a), x), mul(a, b)))
        }
        assert(holds);
        vm.assume(_isProduct(a, b, members));
        assert(SeatFacts.joinsBelow(x, y, a, b, members));
    }

    function check_isProduct(uint256 a, uint256 b, uint256 members) external pure {
        vm.assume(a < SIDES && b < SIDES && members < 1 << 26);
        assert(_isProduct(a, b, members));
    }

    function _isProduct(uint256 a, uint256 b, uint256 members) private pure returns (bool holds) {
        bool filled = SeatFacts.fills(a, b, members);
        assembly ("memory-safe") {
            holds := or(iszero(filled), eq(members, mul(a, b)))
        }
    }

    function check_joinsOnce(uint256 x, uint256 y, uint256 x2, uint256 y2, uint256 a) external pure {
        vm.assume(a < SIDES && y < SIDES && y2 < SIDES);
        assert(SeatFacts.joinsOnce(x, y, x2, y2, a));
    }
}
