// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAdmission} from "../interfaces/IAdmission.sol";
import {IRoundManager} from "../interfaces/IRoundManager.sol";

/// @title Admissions
/// @notice Asks an admission contract, whatever it is: its answer is a bool or none, and costs no more than {GAS}.
library Admissions {
    uint256 private constant GAS = 200_000;

    /// @notice Reverts {IRoundManager.NotAdmitted} unless `admission` admits `client`, and {IRoundManager.AdmissionFailed}
    /// where it gives no bool for an answer.
    /// @param admission The contract; zero admits anyone.
    function requireAdmitted(IAdmission admission, address client, bytes calldata proof) internal view {
        if (address(admission) == address(0)) return;

        bytes4 selector = IAdmission.isAdmitted.selector;
        bool success;
        uint256 answer;
        // Assembly, for it is half as dear; and no more than a word of the answer is copied, however long it is.
        assembly ("memory-safe") {
            let question := mload(0x40)
            mstore(question, selector)
            mstore(add(question, 0x04), shr(96, shl(96, client)))
            mstore(add(question, 0x24), 0x40)
            mstore(add(question, 0x44), proof.length)
            calldatacopy(add(question, 0x64), proof.offset, proof.length)
            mstore(add(add(question, 0x64), proof.length), 0) // What fills the last word up.
            let size := add(0x64, and(add(proof.length, 0x1f), not(0x1f)))
            success := staticcall(GAS, admission, question, size, 0x00, 0x20)
            success := and(success, eq(returndatasize(), 0x20))
            answer := mload(0x00)
        }
        require(success && answer <= 1, IRoundManager.AdmissionFailed(client));
        require(answer == 1, IRoundManager.NotAdmitted(client));
    }
}
