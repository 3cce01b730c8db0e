// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundManager} from "./IRoundManager.sol";

/// @title IRelay
/// @notice Sends what many clients signed, or handed over to be opened, to one round manager in one transaction.
/// @dev Holds nothing and has no rights: the manager checks every call as if it came from anyone. So a relay can delay a
/// client's call but neither change nor forge one, and the client can always send it directly. Costs are linear in the
/// calls, which their sender chooses and pays for.
interface IRelay {
    /// @notice A commitment and the signature of its client or of its operator; see {IRoundManager-proposeBySig}.
    struct Signed {
        address client; // Whose commitment.
        bytes24 commitment; // What it commits to.
        bytes32 r; // First half of the signature.
        bytes32 vs; // Second half, with the parity in the top bit (EIP-2098).
    }

    /// @notice An update's commitment, opened; see {IRoundManager-publishFor}.
    struct OpenedUpdate {
        address client; // Its proposer.
        bytes32 root; // Merkle root of its canonical bytes.
        uint256 samples; // Sample count.
        bytes32 salt; // The commitment's salt.
    }

    /// @notice A ballot's commitment, opened; see {IRoundManager-revealBallotFor}.
    struct OpenedBallot {
        address client; // Its voter.
        uint16 ballot; // Bit j set to accept the proposal at position j.
        bytes32 salt; // The commitment's salt.
    }

    /// @notice Emitted when the manager refuses one call of a batch; the others take effect all the same.
    /// @param client Whose call.
    /// @param reason The manager's error; empty when the call ran out of gas.
    event Refused(address indexed client, bytes reason);

    /// @notice The one contract that it calls.
    function MANAGER() external view returns (IRoundManager);

    /// @notice Commits to updates.
    function propose(Signed[] calldata updates) external;

    /// @notice Opens commitments to updates.
    function publish(OpenedUpdate[] calldata updates) external;

    /// @notice Commits to ballots.
    function commitBallots(Signed[] calldata ballots) external;

    /// @notice Opens commitments to ballots.
    function revealBallots(OpenedBallot[] calldata ballots) external;
}
