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

        bytes memory question = abi.encodeCall(IAdmission.isAdmitted, (client, proof));
        bool success;
        uint256 answer;
        // No more than a word of the answer is copied, however long it is.
        assembly ("memory-safe") {
            success := staticcall(GAS, admission, add(question, 0x20), mload(question), 0x00, 0x20)
            success := and(success, eq(returndatasize(), 0x20))
            answer := mload(0x00)
        }
        require(success && answer <= 1, IRoundManager.AdmissionFailed(client));
        require(answer == 1, IRoundManager.NotAdmitted(client));
    }
}
