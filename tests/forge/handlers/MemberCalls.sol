// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {vm} from "../support/Vm.sol";
import {Calls} from "./Calls.sol";

/// @title MemberCalls
/// @notice Tokens in and out, joining and leaving.
abstract contract MemberCalls is Calls {
    bytes32 private constant _PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    function deposit(uint256 who, uint256 amount) external recorded {
        address a = _pick(who, _isPoor);
        amount = amount % (2 * p.bond) + (who % 5 == 0 ? 0 : 1);
        bool hasAllowance = who % 16 != 1;
        token.transfer(a, amount);

        vm.startPrank(a);
        token.approve(address(pool), hasAllowance ? amount : 0);
        try pool.deposit(amount) {
            _accept(this.deposit.selector, hasAllowance || amount == 0);
            clients[a].free += amount;
        } catch (bytes memory reason) {
            _refuse(this.deposit.selector, hasAllowance, reason);
        }
        vm.stopPrank();
    }

    /// @dev For another actor, or for nobody.
    function depositFor(uint256 who, uint256 amount) external recorded {
        address a = actors[who % actors.length];
        address client = (who >> 8) % 4 == 0 ? address(0) : actors[(who >> 16) % actors.length];
        amount = amount % p.bond;
        token.transfer(a, amount);

        vm.startPrank(a);
        token.approve(address(pool), amount);
        try pool.depositFor(client, amount) {
            _accept(this.depositFor.selector, client != address(0));
            clients[client].free += amount;
        } catch (bytes memory reason) {
            _refuse(this.depositFor.selector, client != address(0), reason);
        }
        vm.stopPrank();
    }

    /// @dev A permit by a wrong key gives no allowance; a permit that somebody submitted before does no harm.
    function depositWithPermit(uint256 who, uint256 amount) external recorded {
        uint256 i = who % actors.length;
        address a = actors[i];
        amount = amount % p.bond + 1;
        token.transfer(a, amount);
        bool isGenuine = (who >> 16) % 4 != 0;
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(isGenuine ? FIRST_KEY + i : FIRST_KEY + i + 1, _permitDigest(a, amount));
        if ((who >> 32) % 2 == 0 && isGenuine) {
            IERC20Permit(address(token)).permit(a, address(pool), amount, type(uint256).max, v, r, s);
        }

        bool allowed = isGenuine || token.allowance(a, address(pool)) >= amount;
        vm.prank(a);
        try pool.depositWithPermit(amount, type(uint256).max, v, r, s) {
            _accept(this.depositWithPermit.selector, allowed);
            clients[a].free += amount;
        } catch (bytes memory reason) {
            _refuse(this.depositWithPermit.selector, allowed, reason);
        }
    }

    /// @dev Some rounds' rewards, or a part of one's; once in eight without an allowance.
    function fund(uint256 who, uint256 amount) external recorded {
        address a = actors[who % actors.length];
        amount = amount % (64 * uint256(p.voterReward) + 99) + 1;
        bool hasAllowance = (who >> 16) % 8 != 0;
        token.transfer(a, amount);

        vm.startPrank(a);
        token.approve(address(pool), hasAllowance ? amount : 0);
        try pool.fund(amount) {
            _accept(this.fund.selector, hasAllowance);
            ghostBudget += amount;
        } catch (bytes memory reason) {
            _refuse(this.fund.selector, hasAllowance, reason);
        }
        vm.stopPrank();
    }

    /// @dev A plain transfer to the pool: nobody's, and nobody's account may change.
    function donate(uint256 amount) external recorded {
        amount = amount % p.bond + 1;
        token.transfer(address(pool), amount);
        ghostDonated += amount;
        _accept(this.donate.selector, true);
    }

    function join(uint256 who) external recorded {
        address a = _pick(who, _mayJoin);
        bool allowed = _mayJoin(a);
        vm.prank(a);
        try manager.join("") {
            _accept(this.join.selector, allowed);
            _joined(a);
        } catch (bytes memory reason) {
            _refuse(this.join.selector, allowed, reason);
        }
    }

    /// @dev Rare among larger crowds, or no round would find its four members.
    function requestExit(uint256 who) external recorded {
        address a = _pick(who, _isMember);
        if (ghostMembers <= 6 && (who >> 40) % 8 != 0) return;
        bool allowed = clients[a].isMember;
        vm.prank(a);
        try manager.requestExit() {
            _accept(this.requestExit.selector, allowed);
            _left(a);
        } catch (bytes memory reason) {
            _refuse(this.requestExit.selector, allowed, reason);
        }
    }

    /// @dev Another actor, who may be the operator of several; itself; nobody. No token moves: {Properties} look.
    function setOperator(uint256 who, uint256 whom) external recorded {
        address a = actors[who % actors.length];
        address operator = whom % 4 == 0 ? address(0) : actors[(whom >> 8) % actors.length];
        vm.prank(a);
        manager.setOperator(operator);
        _accept(this.setOperator.selector, true);
        clients[a].operator = operator;
    }

    function withdraw(uint256 who, uint256 amount) external recorded {
        address a = _pick(who, _hasAvailable);
        uint256 available = _available(a);
        // What is there to the last unit, a unit more, or some of it.
        if (amount % 8 == 0) amount = available + 1;
        else if (amount % 8 == 1) amount = available;
        else amount = available == 0 ? 0 : amount % available;

        bool allowed = _mayWithdraw(a, amount);
        vm.prank(a);
        try manager.withdraw(amount) {
            _accept(this.withdraw.selector, allowed);
            _settled(a);
            clients[a].free -= amount;
        } catch (bytes memory reason) {
            _refuse(this.withdraw.selector, allowed, reason);
        }
    }

    /// @dev Calls that belong to manager and pool alone.
    function trespass(uint256 who, uint256 amount) external recorded {
        address a = actors[who % actors.length];
        bool done;
        vm.prank(a);
        try manager.bookDeposit(a, amount) {
            done = true;
        } catch {}
        vm.prank(a);
        try manager.bookDeposit(address(0), amount) {
            done = true;
        } catch {}
        vm.prank(a);
        try pool.pay(a, amount) {
            done = true;
        } catch {}
        vm.assertTrue(!done, "I5: custody obeyed a stranger");
        ++accepted[this.trespass.selector];
    }

    /* INTERNAL */

    function _isMember(address a) internal view returns (bool) {
        return clients[a].isMember;
    }

    function _isPoor(address a) internal view returns (bool) {
        return clients[a].free < p.bond && !clients[a].removed;
    }

    function _hasAvailable(address a) internal view returns (bool) {
        return _available(a) != 0;
    }

    function _permitDigest(address owner, uint256 amount) private view returns (bytes32) {
        uint256 nonce = IERC20Permit(address(token)).nonces(owner);
        bytes32 content =
            keccak256(abi.encode(_PERMIT, owner, address(pool), amount, nonce, type(uint256).max));
        return
            keccak256(abi.encodePacked(hex"1901", IERC20Permit(address(token)).DOMAIN_SEPARATOR(), content));
    }
}
