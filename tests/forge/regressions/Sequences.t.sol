// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ProtocolInvariants} from "../invariants/ProtocolInvariants.sol";
import {Presets} from "../support/Presets.sol";

/// @title Sequences
/// @notice Sequences that once broke a property, kept for ever. Foundry prints a failing one as code: paste it into a
/// test here, with `handler` in place of `Handler(0x…)` and without the pranks, under the preset it was found with.
abstract contract Sequences is ProtocolInvariants {
    modifier thenCheck() {
        _;
        handler.check();
        this.afterInvariant();
    }
}

contract TinySequences is Sequences {
    function setUp() external {
        _setUp(Presets.tiny());
    }

    /// @dev Found with `closeRound` broken on purpose so that awards were never taken out of the pool: I3 fell.
    function test_awardsLeaveThePool() external thenCheck {
        handler.playOn(94);
        handler.playOn(1068411553017195113382568000851972251187009842182674293820);
        handler.playOn(7819644227996614955382091239773890017676048258825042341454477670075485);
    }
}
