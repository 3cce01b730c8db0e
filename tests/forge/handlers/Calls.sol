// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {vm} from "../support/Vm.sol";
import {Ghost} from "./Ghost.sol";
import {LogLedger} from "./LogLedger.sol";

/// @title Calls
/// @notice What all handlers share: actors, and the verdict on every call. A call must succeed exactly when the ghost says
/// so, and a refusal must be an error of the project, never a panic.
abstract contract Calls is Ghost {
    uint256 internal constant ACTORS = 10;
    uint256 internal constant FIRST_KEY = 0xa11ce;

    LogLedger public logs;
    mapping(bytes4 handler => uint256) public accepted;
    mapping(bytes4 handler => uint256) public refused;
    uint256 public roundsFinalised;
    uint256 public roundsDecided; // Of these, not void.
    bool internal isChanged; // By the last call.
    uint256 private _depth;

    constructor(IRoundManager.Parameters memory parameters) {
        _deploy(parameters);
        logs = new LogLedger(manager);
        ghostModel = parameters.rules;
        round.drawnAt = vm.getBlockTimestamp(); // The deployment.
        for (uint256 i; i < ACTORS; ++i) {
            actors.push(vm.addr(FIRST_KEY + i));
        }
    }

    /// @dev Every handler has it: of one that calls others, the whole is one call.
    modifier recorded() {
        if (_depth++ == 0) isChanged = false;
        vm.recordLogs();
        _;
        --_depth;
    }

    function actorCount() external view returns (uint256) {
        return actors.length;
    }

    function actorAt(uint256 i) external view returns (address) {
        return actors[i];
    }

    /// @dev An actor: three times in four one who may do it, if there is one; otherwise anybody, so that what is forbidden
    /// is tried as well.
    function _pick(uint256 who, function(address) view returns (bool) may) internal view returns (address) {
        uint256 first = (who >> 8) % actors.length;
        if (who % 4 != 0) {
            for (uint256 i; i < actors.length; ++i) {
                address a = actors[(first + i) % actors.length];
                if (may(a)) return a;
            }
        }
        return actors[first];
    }

    function _accept(bytes4 handler, bool allowed) internal {
        vm.assertTrue(allowed, "accepted what the protocol forbids");
        logs.read(vm.getRecordedLogs());
        ++accepted[handler];
        isChanged = true;
    }

    function _refuse(bytes4 handler, bool allowed, bytes memory reason) internal {
        vm.assertTrue(!allowed, "refused what the protocol allows");
        vm.assertTrue(reason.length >= 4 && bytes4(reason) != bytes4(0x4e487b71), "panicked, or said nothing");
        vm.getRecordedLogs(); // Foundry keeps those of reverted calls as well: away with them.
        ++refused[handler];
    }
}
