// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Intents
/// @notice What a client signs (EIP-712) so that anyone may send its commitment and pay for it.
/// @dev The domain binds chain and contract, the struct the round and what is committed to. No nonce: a seat commits once.
/// No deadline: the phase is one. The two kinds differ, so no signature for one call serves the other.
library Intents {
    bytes32 private constant PROPOSE = keccak256("Propose(uint256 round,bytes24 commitment)");
    bytes32 private constant COMMIT_BALLOT = keccak256("CommitBallot(uint256 round,bytes24 commitment)");

    /// @notice Struct hash of an update's commitment in `round`.
    function toPropose(uint256 round, bytes24 commitment) internal pure returns (bytes32) {
        return _hash(PROPOSE, round, commitment);
    }

    /// @notice Struct hash of a ballot's commitment in `round`.
    function toCommitBallot(uint256 round, bytes24 commitment) internal pure returns (bytes32) {
        return _hash(COMMIT_BALLOT, round, commitment);
    }

    /// @dev keccak256(abi.encode(kind, round, commitment)), without keeping the memory.
    function _hash(bytes32 kind, uint256 round, bytes24 commitment) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, kind)
            mstore(add(start, 0x20), round)
            mstore(add(start, 0x40), commitment)
            hash := keccak256(start, 0x60)
        }
    }
}
