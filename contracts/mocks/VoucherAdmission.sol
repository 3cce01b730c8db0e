// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IAdmission} from "../interfaces/IAdmission.sol";

/// @title VoucherAdmission
/// @dev For tests: an admission of others, with a proof of its own form, which is an issuer's signature of a client.
contract VoucherAdmission is IAdmission {
    address private immutable _ISSUER;

    constructor(address issuer) {
        _ISSUER = issuer;
    }

    /// @inheritdoc IAdmission
    /// @param proof 65 bytes, of the personal message keccak256(abi.encode(chain, this, client)).
    function isAdmitted(address client, bytes calldata proof) external view returns (bool) {
        bytes32 voucher = keccak256(abi.encode(block.chainid, address(this), client));
        // slither-disable-next-line unused-return: why it is no signature does not matter.
        (address signer,,) = ECDSA.tryRecover(MessageHashUtils.toEthSignedMessageHash(voucher), proof);
        return signer != address(0) && signer == _ISSUER;
    }
}
