// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IAdmission
/// @notice Who may become a member of a round manager: asked by {IRoundManager-join}, and by nothing else (I20). What it
/// says later about a member changes nothing for it.
interface IAdmission {
    /// @notice Whether `client` may join.
    /// @param client Who asks.
    /// @param proof What shows it, in a form of the contract's own; empty where there is nothing to show.
    function isAdmitted(address client, bytes calldata proof) external view returns (bool);
}
