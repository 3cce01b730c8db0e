// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Intents
/// @notice What a client or its operator signs (EIP-712) so that anyone may send its commitment and pay for it.
/// @dev The domain binds chain and contract, the struct the client, the round and what is committed to: an operator of two
/// clients signs for each. No nonce: a seat commits once. No deadline: the phase is one. The two kinds differ, so no
/// signature for one call serves the other.
library Intents {
    bytes32 private constant PROPOSE = keccak256("Propose(address client,uint256 round,bytes24 commitment)");
    bytes32 private constant COMMIT_BALLOT =
        keccak256("CommitBallot(address client,uint256 round,bytes24 commitment)");

    /// @notice Struct hash of an update's commitment by `client` in `round`.
    function toPropose(address client, uint256 round, bytes24 commitment) internal pure returns (bytes32) {
        return _hash(PROPOSE, uint160(client), round, commitment);
    }

    /// @notice Struct hash of a ballot's commitment by `client` in `round`.
    function toCommitBallot(address client, uint256 round, bytes24 commitment)
        internal
        pure
        returns (bytes32)
    {
        return _hash(COMMIT_BALLOT, uint160(client), round, commitment);
    }

    /// @dev keccak256(abi.encode(kind, client, round, commitment)), without keeping the memory.
    function _hash(bytes32 kind, uint256 client, uint256 round, bytes24 commitment)
        private
        pure
        returns (bytes32 hash)
    {
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, kind)
            mstore(add(start, 0x20), client)
            mstore(add(start, 0x40), round)
            mstore(add(start, 0x60), commitment)
            hash := keccak256(start, 0x80)
        }
    }
}
