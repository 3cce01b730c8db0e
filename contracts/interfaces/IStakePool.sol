// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title IStakePool
/// @notice The only custody: each client's tokens, the escrow of unsettled rounds and the proposers' reward pool.
/// @dev All amounts are base units of the token. The escrow is never stored: it is what was deposited beyond clients'
/// tokens and the reward pool. Summing it on every lock and payment would cost 225k gas a round. Tokens sent here
/// by a plain transfer belong to nobody and stay.
interface IStakePool {
    /// @notice One client's tokens.
    struct Account {
        uint96 free; // Base units; "unbonding" instead of free once releaseAt is set.
        uint40 releaseAt; // Unix time from which one who left may withdraw; zero for members and for those never in.
    }

    /// @notice Emitted when `client` deposits.
    /// @param client Whose tokens they are from now on.
    /// @param amount Base units received.
    event Deposited(address indexed client, uint256 amount);

    /// @notice Emitted when `client` takes tokens out.
    /// @param client Who is paid.
    /// @param amount Base units sent.
    event Withdrawn(address indexed client, uint256 amount);

    /// @notice Thrown when anyone but the round manager moves what is in custody.
    /// @param caller Who called.
    /// @param manager Who may.
    error NotManager(address caller, address manager);

    /// @notice Thrown when a client has less than an action takes.
    /// @param client Whose tokens.
    /// @param free Base units it has.
    /// @param required Base units the action takes.
    error InsufficientFree(address client, uint256 free, uint256 required);

    /// @notice Thrown when the token hands over another amount than asked for (a token with fees, say).
    /// @param received Base units that arrived.
    /// @param expected Base units asked for.
    error UnexpectedTransfer(uint256 received, uint256 expected);

    /// @notice Thrown when the token's supply does not fit 96 bits, or is zero. It must fit for ever.
    /// @param supply The token's supply, base units.
    error UnsupportedSupply(uint256 supply);

    /// @notice Adds `amount` of the caller's tokens to its free tokens. Needs an allowance.
    /// @param amount Base units.
    function deposit(uint256 amount) external;

    /// @notice {deposit} with an ERC-2612 permit in place of an earlier approval.
    /// @dev A permit that someone else already submitted does no harm: the allowance it gave is used.
    /// @param amount Base units, also the permit's value.
    /// @param deadline Unix time, the permit's.
    /// @param v Signature.
    /// @param r Signature.
    /// @param s Signature.
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Round manager only: credits `credit` from the escrow, then locks `debit` into it.
    /// @param client Whose tokens.
    /// @param credit Base units, escrow → free.
    /// @param debit Base units, free → escrow. Reverts {InsufficientFree} when more than is there after the credit.
    /// @return free What is free afterwards.
    function exchange(address client, uint256 credit, uint256 debit) external returns (uint256 free);

    /// @notice Round manager only: credits `credit` from the escrow, then moves min(free, `penalty`) to the reward pool.
    /// @param client Whose tokens.
    /// @param credit Base units, escrow → free.
    /// @param penalty Base units, at most.
    /// @return paid What went to the reward pool.
    function penalise(address client, uint256 credit, uint256 penalty) external returns (uint256 paid);

    /// @notice Round manager only: moves a finalised round's totals between the escrow and the reward pool.
    /// @param slashed Base units, escrow → reward pool.
    /// @param awarded Base units, reward pool → escrow.
    function closeRound(uint256 slashed, uint256 awarded) external;

    /// @notice Round manager only: starts or ends a client's unbonding.
    /// @param client Who left, or joined again.
    /// @param releaseAt Unix time from which it may withdraw; zero for a member.
    function setRelease(address client, uint256 releaseAt) external;

    /// @notice Round manager only: sends free tokens to their owner.
    /// @param client Whose, and to whom.
    /// @param amount Base units.
    function pay(address client, uint256 amount) external;

    /// @notice The staked token.
    function TOKEN() external view returns (IERC20);

    /// @notice The one contract that this pool obeys.
    function MANAGER() external view returns (address);

    /// @notice Base units in the proposers' reward pool.
    function rewardPool() external view returns (uint256);

    /// @notice One client's tokens as stored, before any settlement that is due.
    /// @param client Whose.
    function account(address client) external view returns (Account memory);

    /// @notice Base units of `client` outside the escrow, free or unbonding, before any settlement that is due.
    /// @param client Whose.
    function freeOf(address client) external view returns (uint256);
}
