// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IRoundManager} from "./IRoundManager.sol";

/// @title IStakePool
/// @notice The only custody: every client's tokens, the escrow of unsettled rounds, reward pool and budget. Whose
/// they are is in the round manager's ledger, beside the seats by which they move: a pool that kept accounts would be
/// called, at a cold address, by every lock.
/// @dev All amounts are base units of the token. Tokens sent here by a plain transfer belong to nobody and stay.
interface IStakePool {
    /// @notice Emitted when anyone deposits for `client`, itself in most cases.
    /// @param client Whose tokens they are from now on.
    /// @param amount Base units received.
    event Deposited(address indexed client, uint256 amount);

    /// @notice Emitted when `funder` adds to the budget.
    /// @param amount Base units received.
    event Funded(address indexed funder, uint256 amount);

    /// @notice Emitted when `client` takes tokens out, or the treasury is sent what was swept.
    /// @param client Who is paid.
    /// @param amount Base units sent.
    event Withdrawn(address indexed client, uint256 amount);

    /// @notice Thrown when anyone but the round manager takes tokens out.
    /// @param caller Who called.
    /// @param manager Who may.
    error NotManager(address caller, address manager);

    /// @notice Thrown when the token hands over another amount than asked for (a token with fees, say).
    /// @param received Base units that arrived.
    /// @param expected Base units asked for.
    error UnexpectedTransfer(uint256 received, uint256 expected);

    /// @notice Thrown when tokens are deposited for nobody.
    /// @param client Zero.
    error InvalidClient(address client);

    /// @notice Thrown when the token's supply does not fit 96 bits, or is zero; at a deposit, when the pool's share of it
    /// would not. It must fit for ever.
    /// @param supply The token's supply, or the pool's share of it, base units.
    error UnsupportedSupply(uint256 supply);

    /// @notice Adds `amount` of the caller's tokens to its free tokens. Needs an allowance.
    /// @param amount Base units.
    function deposit(uint256 amount) external;

    /// @notice Adds `amount` of the caller's tokens to the free tokens of another, whose they are from then on.
    /// @param client Whose; not zero.
    /// @param amount Base units.
    function depositFor(address client, uint256 amount) external;

    /// @notice Gives `amount` of the caller's tokens to the budget, of which attendance is rewarded. Needs an allowance.
    /// @param amount Base units, which only rewards and a sweep take out again.
    function fund(uint256 amount) external;

    /// @notice {deposit} with an ERC-2612 permit in place of an earlier approval.
    /// @dev A permit that someone else already submitted does no harm: the allowance it gave is used.
    /// @param amount Base units, also the permit's value.
    /// @param deadline Unix time, the permit's.
    /// @param v Signature.
    /// @param r Signature.
    /// @param s Signature.
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Round manager only: sends tokens to a client, from whose account they were taken, or to the treasury.
    /// @param client To whom.
    /// @param amount Base units.
    function pay(address client, uint256 amount) external;

    /// @notice The staked token.
    function TOKEN() external view returns (IERC20);

    /// @notice The one contract that this pool obeys.
    function MANAGER() external view returns (IRoundManager);
}
