// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Seats} from "../../../contracts/libraries/Seats.sol";
import {SeatFacts} from "./SeatFacts.sol";
import {vm} from "../support/Vm.sol";

/// @notice Proved by Halmos for every seed and every pair of sides: two members never share a value of the permutation.
/// Products and quotients are symbols here, of which {SeatFacts} are known.
contract SeatProofs {
    /// @dev The halves of a value after each of the steps, and what is added at each.
    struct Run {
        uint256[5] x;
        uint256[5] y;
        uint256[8] h;
    }

    /// @dev Of members that fill the rectangle of the network, a·b, so that nothing walks: every pair of sides.
    function check_permutationIsInjective(uint256 seed, uint256 i, uint256 j, uint256 a, uint256 members)
        external
        pure
    {
        uint256 b = SeatFacts.otherSide(a, members);
        vm.assume(0 < a && a < SeatFacts.SIDES && 0 < b && b < SeatFacts.SIDES);
        vm.assume(members < 1 << 26 && SeatFacts.fills(a, b, members));
        vm.assume(i < members && j < members);

        Run memory r = _run(seed, i, a, b);
        Run memory s = _run(seed, j, a, b);
        _proveBelow(r, i, a, b, members);
        _proveBelow(s, j, a, b, members);
        _proveInjective(r, s, a, b);
        vm.assume(SeatFacts.splitsOnce(i, j, a));
        assert(_join(r, a) != _join(s, a) || i == j);

        uint256 first = Seats.position(seed, i, members, a);
        uint256 second = Seats.position(seed, j, members, a);
        assert(first < members && second < members);
        assert(first != second || i == j);
    }

    /// @dev Halves stay below their sides, and the value below the members.
    function _proveBelow(Run memory r, uint256 value, uint256 a, uint256 b, uint256 members) private pure {
        vm.assume(SeatFacts.splits(value, a, b, members));
        for (uint256 k; k < 4; ++k) {
            vm.assume(SeatFacts.stepIsUndone(r.x[k], r.x[k], r.h[2 * k], a));
            vm.assume(SeatFacts.stepIsUndone(r.y[k], r.y[k], r.h[2 * k + 1], b));
        }
        vm.assume(SeatFacts.joinsBelow(r.x[4], r.y[4], a, b, members));
        assert(r.x[4] < a);
        assert(_join(r, a) < members);
    }

    /// @dev Where two values are the same after a step they were the same before: from the last step to the first.
    function _proveInjective(Run memory r, Run memory s, uint256 a, uint256 b) private pure {
        vm.assume(SeatFacts.joinsOnce(r.x[4], r.y[4], s.x[4], s.y[4], a));
        for (uint256 k = 4; k > 0; --k) {
            vm.assume(SeatFacts.stepIsUndone(r.y[k - 1], s.y[k - 1], r.h[2 * k - 1], b));
            _assertUndone(r.y[k], s.y[k], r.x[k], s.x[k], r.y[k - 1], s.y[k - 1]);
            vm.assume(SeatFacts.stepIsUndone(r.x[k - 1], s.x[k - 1], r.h[2 * k - 2], a));
            _assertUndone(r.x[k], s.x[k], r.y[k - 1], s.y[k - 1], r.x[k - 1], s.x[k - 1]);
        }
    }

    function _join(Run memory r, uint256 a) private pure returns (uint256 value) {
        uint256 x = r.x[4];
        uint256 y = r.y[4];
        assembly ("memory-safe") {
            value := add(mul(y, a), x)
        }
    }

    /// @dev Where a half and what it was mixed with are the same after a step, the half was the same before.
    function _assertUndone(uint256 u, uint256 v, uint256 mu, uint256 mv, uint256 before, uint256 before2)
        private
        pure
    {
        bool holds;
        assembly ("memory-safe") {
            holds := or(iszero(and(eq(u, v), eq(mu, mv))), eq(before, before2))
        }
        assert(holds);
    }

    /// @dev The network, step by step: it only names the values that facts are needed of.
    function _run(uint256 seed, uint256 value, uint256 a, uint256 b) private pure returns (Run memory run) {
        (run.x[0], run.y[0]) = _split(value, a);
        for (uint256 k; k < 4; ++k) {
            (run.h[2 * k], run.x[k + 1]) = _step(seed, 2 * k, run.y[k], run.x[k], a);
            (run.h[2 * k + 1], run.y[k + 1]) = _step(seed, 2 * k + 1, run.x[k + 1], run.y[k], b);
        }
    }

    function _split(uint256 value, uint256 a) private pure returns (uint256 x, uint256 y) {
        assembly ("memory-safe") {
            x := mod(value, a)
            y := div(value, a)
        }
    }

    function _step(uint256 seed, uint256 step, uint256 other, uint256 half, uint256 side)
        private
        pure
        returns (uint256 h, uint256 next)
    {
        assembly ("memory-safe") {
            mstore(0x00, seed)
            mstore(0x20, or(shl(128, step), other))
            h := keccak256(0x00, 0x40)
            next := addmod(half, h, side)
        }
    }
}
