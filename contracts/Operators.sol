// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IRoundManager} from "./interfaces/IRoundManager.sol";

/// @title Operators
/// @dev Who signs for a client: itself, or the second key that it named.
abstract contract Operators is IRoundManager, EIP712 {
    /// @inheritdoc IRoundManager
    mapping(address client => address operator) public operatorOf;

    constructor() EIP712("StakeFed", "1") {}

    /// @inheritdoc IRoundManager
    function setOperator(address operator) external {
        operatorOf[msg.sender] = operator;

        emit OperatorSet(msg.sender, operator);
    }

    function _requireSigned(address client, bytes32 intent, bytes32 r, bytes32 vs) internal view {
        // slither-disable-next-line unused-return: why it is no signature does not matter.
        (address signer,,) = ECDSA.tryRecover(_hashTypedDataV4(intent), r, vs);
        // Zero for what is no signature, and the operator of whoever has none.
        bool isValid = signer != address(0) && (signer == client || signer == operatorOf[client]);
        require(isValid, NotSigner(signer, client));
    }
}
