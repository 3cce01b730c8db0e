// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Commitments
/// @notice Digests that bind chain, contract, round, client, content and salt, cut to 192 bits.
/// @dev Nobody requires a digest to be fresh: two clients may hold the same one, since only the client that it names can
/// open it. Refusing duplicates would let anyone block a commitment by copying it first.
library Commitments {
    bytes32 private constant UPDATE = keccak256("StakeFed update");
    bytes32 private constant BALLOT = keccak256("StakeFed ballot");

    /// @param round The round of the update.
    /// @param client Its proposer.
    /// @param root Merkle root of the update's canonical bytes.
    /// @param samples Sample count that the proposer claims.
    /// @param salt 256 bits that only the proposer knows until it publishes.
    function ofUpdate(uint256 round, address client, bytes32 root, uint256 samples, bytes32 salt)
        internal
        view
        returns (bytes24)
    {
        return bytes24(
            keccak256(abi.encode(UPDATE, block.chainid, address(this), round, client, root, samples, salt))
        );
    }

    /// @param round The round of the ballot.
    /// @param client Its voter.
    /// @param ballot Bit `j` set when the voter accepts proposal `j`.
    /// @param salt 256 bits that only the voter knows until it reveals.
    function ofBallot(uint256 round, address client, uint256 ballot, bytes32 salt)
        internal
        view
        returns (bytes24)
    {
        return
            bytes24(keccak256(abi.encode(BALLOT, block.chainid, address(this), round, client, ballot, salt)));
    }
}
