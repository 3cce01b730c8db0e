// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {vm} from "./Vm.sol";

/// @title Signatures
/// @notice What clients sign (EIP-712), written down a second time from the document.
library Signatures {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant PROPOSE = keccak256("Propose(uint256 round,bytes24 commitment)");
    bytes32 internal constant COMMIT_BALLOT = keccak256("CommitBallot(uint256 round,bytes24 commitment)");

    /// @notice The digest for a deployment, a chain, a kind of call and a round.
    function digest(uint256 chain, address manager, bytes32 kind, uint256 round, bytes24 commitment)
        internal
        pure
        returns (bytes32)
    {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN, keccak256(bytes("StakeFed")), keccak256(bytes("1")), chain, manager)
        );
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(kind, round, commitment))));
    }

    /// @notice Signed by `key` for the latest round of `manager` on this chain, in EIP-2098's short form.
    function sign(uint256 key, IRoundManager manager, bytes32 kind, bytes24 commitment)
        internal
        view
        returns (bytes32 r, bytes32 vs)
    {
        return short(key, digest(block.chainid, address(manager), kind, manager.head().round, commitment));
    }

    function short(uint256 key, bytes32 hash) internal pure returns (bytes32 r, bytes32 vs) {
        uint8 v;
        bytes32 s;
        (v, r, s) = vm.sign(key, hash);
        vs = bytes32(uint256(s) | (uint256(v - 27) << 255));
    }
}
