// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IAdmission
/// @notice Who may become a member of a round manager: asked by {IRoundManager-join}, and by nothing else (I20). What it
/// says later about a member changes nothing for it.
interface IAdmission {
    /// @notice Whether `client` may join.
    /// @dev Asked without being able to change anything and in 200,000 gas, or less where who joins brings less: what fails
    /// for want of gas must not come out as a yes.
    /// @param client Who asks.
    /// @param proof What shows it, in a form of the contract's own; empty where there is nothing to show.
    function isAdmitted(address client, bytes calldata proof) external view returns (bool);
}
