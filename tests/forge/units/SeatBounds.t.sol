// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Seats} from "../../../contracts/libraries/Seats.sol";
import {Rules} from "../support/Rules.sol";
import {vm} from "../support/Vm.sol";

/// @notice Seats are a permutation: every size up to a bound, and chance beyond.
contract SeatBounds {
    /// @dev Every size from 4 to 120.
    function test_everySmallSizeIsAPermutation() external pure {
        for (uint256 n = 4; n <= 120; ++n) {
            _checkPermutation(uint256(keccak256(abi.encode(n))) >> 160, n);
        }
    }

    function testFuzz_permutation(uint96 seed, uint16 members) external pure {
        _checkPermutation(seed, 4 + uint256(members) % 250);
    }

    /// @dev Two members of millions never share a seat.
    function testFuzz_twoNeverShare(uint96 seed, uint24 members, uint24 i, uint24 j) external pure {
        uint256 n = 4 + uint256(members) % (type(uint24).max - 5);
        (uint256 first, uint256 second) = (i % n, j % n);
        vm.assume(first != second);
        uint256 side = Math.sqrt(n, Math.Rounding.Ceil);
        uint256 x = Seats.position(seed, first, n, side);
        uint256 y = Seats.position(seed, second, n, side);
        vm.assertTrue(x < n && y < n && x != y, "two in one seat");
    }

    function testFuzz_counts(uint24 members, uint16 bps, uint16 voters) external pure {
        uint256 n = 4 + uint256(members) % (type(uint24).max - 5);
        uint256 share = 1 + uint256(bps) % 5000;
        uint256 wanted = 1 + uint256(voters) % 16_382;
        (uint256 s, uint256 v) = Seats.counts(n, share, wanted);
        (uint256 s2, uint256 v2) = Rules.seats(n, share, wanted);
        vm.assertTrue(s == s2 && v == v2 && s >= 1 && s <= 16 && v >= 1 && s + v <= n, "counts");
    }

    function _checkPermutation(uint256 seed, uint256 n) private pure {
        uint256 side = Math.sqrt(n, Math.Rounding.Ceil);
        uint256 taken;
        for (uint256 i; i < n; ++i) {
            uint256 position = Seats.position(seed, i, n, side);
            require(position < n && (taken >> position) & 1 == 0, "no permutation");
            taken |= 1 << position;
        }
    }
}
