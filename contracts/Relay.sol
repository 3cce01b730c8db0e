// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRelay} from "./interfaces/IRelay.sol";
import {IRoundManager} from "./interfaces/IRoundManager.sol";

/// @title Relay
/// @dev The fields of each entry are the arguments of the manager's call, so they are copied as they stand.
contract Relay is IRelay {
    /* CONSTANTS */

    uint256 private constant WORD = 32;

    /* IMMUTABLES */

    /// @inheritdoc IRelay
    IRoundManager public immutable MANAGER;

    /* CONSTRUCTOR */

    /// @param manager The one contract that it calls.
    constructor(IRoundManager manager) {
        MANAGER = manager;
    }

    /* BATCHES */

    /// @inheritdoc IRelay
    function propose(Signed[] calldata updates) external {
        _forward(IRoundManager.proposeBySig.selector, _start(updates), updates.length, 4 * WORD);
    }

    /// @inheritdoc IRelay
    function publish(OpenedUpdate[] calldata updates) external {
        uint256 start;
        assembly {
            start := updates.offset
        }
        _forward(IRoundManager.publishFor.selector, start, updates.length, 4 * WORD);
    }

    /// @inheritdoc IRelay
    function commitBallots(Signed[] calldata ballots) external {
        _forward(IRoundManager.commitBallotBySig.selector, _start(ballots), ballots.length, 4 * WORD);
    }

    /// @inheritdoc IRelay
    function revealBallots(OpenedBallot[] calldata ballots) external {
        uint256 start;
        assembly {
            start := ballots.offset
        }
        _forward(IRoundManager.revealBallotFor.selector, start, ballots.length, 3 * WORD);
    }

    /* INTERNAL */

    function _start(Signed[] calldata entries) private pure returns (uint256 start) {
        assembly {
            start := entries.offset
        }
    }

    /// @dev Calls the manager with each of `count` entries of `size` bytes that lie at `start` in the calldata.
    function _forward(bytes4 selector, uint256 start, uint256 count, uint256 size) private {
        address manager = address(MANAGER);

        // No overflow: the ABI decoder found the entries within the calldata.
        unchecked {
            uint256 end = start + count * size;
            for (; start != end; start += size) {
                bool done;
                assembly ("memory-safe") {
                    let call_ := mload(0x40) // Beyond what is allocated: nothing keeps it.
                    mstore(call_, selector)
                    calldatacopy(add(call_, 4), start, size)
                    done := call(gas(), manager, 0, call_, add(size, 4), 0, 0)
                }
                if (!done) _reportRefusal(start);
            }
        }
    }

    function _reportRefusal(uint256 entry) private {
        address client;
        bytes memory reason;
        assembly ("memory-safe") {
            client := shr(96, shl(96, calldataload(entry)))
            reason := mload(0x40)
            mstore(reason, returndatasize())
            returndatacopy(add(reason, 0x20), 0, returndatasize())
            mstore(0x40, add(add(reason, 0x20), returndatasize()))
        }
        emit Refused(client, reason);
    }
}
