// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {IAdmission} from "../interfaces/IAdmission.sol";

/// @title MerkleAdmission
/// @notice Admits the addresses under one Merkle root, for ever.
contract MerkleAdmission is IAdmission {
    /// @notice The root; leaves are `keccak256(keccak256(abi.encode(address)))`, pairs sorted.
    bytes32 public immutable ROOT;

    /// @param root Of the addresses admitted.
    constructor(bytes32 root) {
        ROOT = root;
    }

    /// @inheritdoc IAdmission
    /// @param proof The siblings on the way to the root, `abi.encode(bytes32[])`.
    function isAdmitted(address client, bytes calldata proof) external view returns (bool) {
        // Hashed twice, as OpenZeppelin's trees are: no inner node can pass for a leaf.
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(client))));
        return MerkleProof.verify(abi.decode(proof, (bytes32[])), ROOT, leaf);
    }
}
