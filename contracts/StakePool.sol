// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IStakePool} from "./interfaces/IStakePool.sol";

/// @title StakePool
contract StakePool is IStakePool, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /* IMMUTABLES */

    /// @inheritdoc IStakePool
    IERC20 public immutable TOKEN;
    /// @inheritdoc IStakePool
    address public immutable MANAGER;

    /* STORAGE */

    /// @inheritdoc IStakePool
    uint256 public rewardPool;
    mapping(address client => Account) private _accounts;

    /* CONSTRUCTOR */

    /// @dev Deployed by the round manager's constructor, so neither can be bound to another partner.
    constructor(IERC20 token) {
        uint256 supply = token.totalSupply();
        require(supply != 0 && supply <= type(uint96).max, UnsupportedSupply(supply));

        TOKEN = token;
        MANAGER = msg.sender;
    }

    modifier onlyManager() {
        _requireManager();
        _;
    }

    /* TOKENS IN */

    /// @inheritdoc IStakePool
    function deposit(uint256 amount) external nonReentrant {
        _deposit(amount);
    }

    /// @inheritdoc IStakePool
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
    {
        // A failure is no reason to stop: whether the allowance is there is what the transfer finds out.
        try IERC20Permit(address(TOKEN)).permit(msg.sender, address(this), amount, deadline, v, r, s) {}
            catch {}

        _deposit(amount);
    }

    /* MOVES IN CUSTODY */

    /// @inheritdoc IStakePool
    function exchange(address client, uint256 credit, uint256 debit)
        external
        onlyManager
        returns (uint256 free)
    {
        Account storage entry = _accounts[client];
        free = entry.free + credit;
        require(free >= debit, InsufficientFree(client, free, debit));

        // Safe arithmetic and cast: no sum of balances exceeds the supply, which fits 96 bits.
        unchecked {
            free -= debit;
        }
        entry.free = uint96(free);
    }

    /// @inheritdoc IStakePool
    function penalise(address client, uint256 credit, uint256 penalty)
        external
        onlyManager
        returns (uint256 paid)
    {
        Account storage entry = _accounts[client];
        uint256 free = entry.free + credit;
        paid = Math.min(free, penalty);

        entry.free = uint96(free - paid); // Safe cast: see exchange.
        rewardPool += paid;
    }

    /// @inheritdoc IStakePool
    function closeRound(uint256 slashed, uint256 awarded) external onlyManager {
        rewardPool = rewardPool + slashed - awarded;
    }

    /// @inheritdoc IStakePool
    function setRelease(address client, uint256 releaseAt) external onlyManager {
        _accounts[client].releaseAt = uint40(releaseAt); // Safe cast: a block's time plus at most 32 bits of seconds.
    }

    /* TOKENS OUT */

    /// @inheritdoc IStakePool
    function pay(address client, uint256 amount) external onlyManager nonReentrant {
        Account storage entry = _accounts[client];
        uint256 free = entry.free;
        require(free >= amount, InsufficientFree(client, free, amount));

        entry.free = uint96(free - amount); // Safe cast: less than before.

        emit Withdrawn(client, amount);

        TOKEN.safeTransfer(client, amount);
    }

    /* VIEWS */

    /// @inheritdoc IStakePool
    function account(address client) external view returns (Account memory) {
        return _accounts[client];
    }

    /// @inheritdoc IStakePool
    function freeOf(address client) external view returns (uint256) {
        return _accounts[client].free;
    }

    /* INTERNAL */

    function _requireManager() private view {
        require(msg.sender == MANAGER, NotManager(msg.sender, MANAGER));
    }

    function _deposit(uint256 amount) private {
        uint256 before = TOKEN.balanceOf(address(this));
        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = TOKEN.balanceOf(address(this)) - before;
        require(received == amount, UnexpectedTransfer(received, amount));

        _accounts[msg.sender].free += uint96(amount); // Safe cast: received, so within the supply.

        emit Deposited(msg.sender, amount);
    }
}
