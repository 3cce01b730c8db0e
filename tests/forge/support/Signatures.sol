// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "../../../contracts/interfaces/IRoundManager.sol";
import {vm} from "./Vm.sol";

/// @title Signatures
/// @notice What clients sign (EIP-712), written down a second time from the document.
library Signatures {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant PROPOSE = keccak256("Propose(address client,uint256 round,bytes24 commitment)");
    bytes32 internal constant COMMIT_BALLOT =
        keccak256("CommitBallot(address client,uint256 round,bytes24 commitment)");

    /// @notice What is signed, and for where.
    struct Intent {
        uint256 chain;
        address manager;
        bytes32 kind;
        address client;
        uint256 round;
        bytes24 commitment;
    }

    /// @notice An intent of `client` for the latest round of `manager` on this chain.
    function intent(IRoundManager manager, bytes32 kind, address client, bytes24 commitment)
        internal
        view
        returns (Intent memory)
    {
        return Intent(block.chainid, address(manager), kind, client, manager.head().round, commitment);
    }

    function digest(Intent memory i) internal pure returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN, keccak256(bytes("StakeFed")), keccak256(bytes("1")), i.chain, i.manager)
        );
        bytes32 content = keccak256(abi.encode(i.kind, i.client, i.round, i.commitment));
        return keccak256(abi.encodePacked(hex"1901", domain, content));
    }

    /// @notice Signed by `key` for its own client, for the latest round of `manager` on this chain.
    function sign(uint256 key, IRoundManager manager, bytes32 kind, bytes24 commitment)
        internal
        view
        returns (bytes32 r, bytes32 vs)
    {
        return short(key, intent(manager, kind, vm.addr(key), commitment));
    }

    /// @notice Signed by `key`, in EIP-2098's short form.
    function short(uint256 key, Intent memory signed) internal pure returns (bytes32 r, bytes32 vs) {
        uint8 v;
        bytes32 s;
        (v, r, s) = vm.sign(key, digest(signed));
        vs = bytes32(uint256(s) | (uint256(v - 27) << 255));
    }
}
