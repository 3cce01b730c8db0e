// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Presets} from "../support/Presets.sol";
import {ProtocolInvariants} from "./ProtocolInvariants.sol";

/// @dev Apart from what it uses: Foundry plays a campaign in every contract that has this function.
abstract contract Campaign is ProtocolInvariants {
    function invariant_protocol() external {
        handler.checkLastCall();
    }
}

/// @notice I1 to I15 with penalties, strikes, a quorum and an end.
contract GuardedInvariants is Campaign {
    function setUp() external {
        _setUp(Presets.guarded());
    }
}

/// @notice I1 to I15 as the paper plays.
contract PaperInvariants is Campaign {
    function setUp() external {
        _setUp(Presets.paper());
    }
}

/// @notice I1 to I15 with the smallest stakes and committee.
contract TinyInvariants is Campaign {
    function setUp() external {
        _setUp(Presets.tiny());
    }
}
