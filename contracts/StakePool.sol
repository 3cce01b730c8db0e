// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IRoundManager} from "./interfaces/IRoundManager.sol";
import {IStakePool} from "./interfaces/IStakePool.sol";
import {Ledger} from "./libraries/Ledger.sol";

/// @title StakePool
contract StakePool is IStakePool, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /* IMMUTABLES */

    /// @inheritdoc IStakePool
    IERC20 public immutable TOKEN;
    /// @inheritdoc IStakePool
    IRoundManager public immutable MANAGER;

    /* CONSTRUCTOR */

    /// @dev Deployed by the round manager's constructor, so neither can be bound to another partner.
    constructor(IERC20 token) {
        uint256 supply = token.totalSupply();
        require(supply != 0 && supply <= type(uint96).max, UnsupportedSupply(supply));

        TOKEN = token;
        MANAGER = IRoundManager(msg.sender);
    }

    /* TOKENS IN */

    /// @inheritdoc IStakePool
    function deposit(uint256 amount) external nonReentrant {
        _deposit(msg.sender, amount);
    }

    /// @inheritdoc IStakePool
    function depositFor(address client, uint256 amount) external nonReentrant {
        require(client != Ledger.BUDGET, InvalidClient(client));

        _deposit(client, amount);
    }

    /// @inheritdoc IStakePool
    function fund(uint256 amount) external nonReentrant {
        _take(amount);

        MANAGER.bookDeposit(Ledger.BUDGET, amount);

        emit Funded(msg.sender, amount);
    }

    /// @inheritdoc IStakePool
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
    {
        // A failure is no reason to stop: whether the allowance is there is what the transfer finds out.
        try IERC20Permit(address(TOKEN)).permit(msg.sender, address(this), amount, deadline, v, r, s) {}
            catch {}

        _deposit(msg.sender, amount);
    }

    /* TOKENS OUT */

    /// @inheritdoc IStakePool
    function pay(address client, uint256 amount) external nonReentrant {
        require(msg.sender == address(MANAGER), NotManager(msg.sender, address(MANAGER)));

        emit Withdrawn(client, amount);

        TOKEN.safeTransfer(client, amount);
    }

    /* INTERNAL */

    function _deposit(address client, uint256 amount) private {
        _take(amount);

        MANAGER.bookDeposit(client, amount);

        emit Deposited(client, amount);
    }

    function _take(uint256 amount) private {
        uint256 before = TOKEN.balanceOf(address(this));
        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = TOKEN.balanceOf(address(this)) - before;
        // slither-disable-next-line incorrect-equality: of what arrived, not of a balance that anybody can raise.
        require(received == amount, UnexpectedTransfer(received, amount));
        // Of a supply that grew no account may wrap, whoever pays into it.
        require(before + received <= type(uint96).max, UnsupportedSupply(before + received));
    }
}
