// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAdmission} from "../../../contracts/interfaces/IAdmission.sol";
import {Admissions} from "../../../contracts/libraries/Admissions.sol";

/// @dev Admits who asks with exactly these bytes.
contract Exacting {
    bytes32 private immutable _QUESTION;

    constructor(bytes memory question) {
        _QUESTION = keccak256(question);
    }

    fallback(bytes calldata asked) external returns (bytes memory) {
        return abi.encode(keccak256(asked) == _QUESTION);
    }
}

/// @notice An admission is asked in the ABI's own words, whatever is to be shown and whatever memory held before.
contract Asking {
    function testFuzz_questionIsTheAbis(address client, bytes calldata proof) external {
        this.ask(client, proof);
    }

    function test_questionIsTheAbisAtEveryEndOfAWord() external {
        for (uint256 size; size <= 65; ++size) {
            this.ask(address(this), new bytes(size));
        }
    }

    function ask(address client, bytes calldata proof) external {
        IAdmission admission =
            IAdmission(address(new Exacting(abi.encodeCall(IAdmission.isAdmitted, (client, proof)))));
        _dirtyMemory(proof.length + 0x100);
        Admissions.requireAdmitted(admission, client, proof);
    }

    function _dirtyMemory(uint256 size) private pure {
        assembly ("memory-safe") {
            let free := mload(0x40)
            for { let at := 0 } lt(at, size) { at := add(at, 0x20) } { mstore(add(free, at), not(0)) }
        }
    }
}
