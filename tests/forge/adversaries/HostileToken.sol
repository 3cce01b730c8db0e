// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Whom the token tells that tokens move.
interface IHooked {
    function onTransfer() external;
}

/// @title HostileToken
/// @notice A token that behaves until it is told not to.
contract HostileToken {
    enum Manner {
        Plain,
        Fee, // One unit less arrives.
        ReturnsFalse, // And moves nothing.
        ReturnsNothing, // As the first tokens did.
        Hooks, // Tells sender and receiver, after the move.
        Paused
    }

    mapping(address => uint256) public balanceOf;
    uint256 public totalSupply;
    Manner public manner;
    address public banned;

    constructor(uint256 supply) {
        totalSupply = supply;
        balanceOf[msg.sender] = supply;
    }

    /* WHAT ITS ISSUER CAN DO */

    function behave(Manner manner_) external {
        manner = manner_;
    }

    function ban(address who) external {
        banned = who;
    }

    /// @notice A rebase downwards, or a seizure.
    function take(address from, uint256 amount) external {
        balanceOf[from] -= amount;
    }

    function mint(address to, uint256 amount) external {
        totalSupply += amount;
        balanceOf[to] += amount;
    }

    /* ERC-20 */

    function approve(address, uint256) external pure returns (bool) {
        return true;
    }

    function transfer(address to, uint256 amount) external {
        _finish(_move(msg.sender, to, amount));
    }

    function transferFrom(address from, address to, uint256 amount) external {
        _finish(_move(from, to, amount));
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        require(manner != Manner.Paused, "paused");
        require(from != banned && to != banned, "banned");
        if (manner == Manner.ReturnsFalse) return false;
        balanceOf[from] -= amount;
        balanceOf[to] += manner == Manner.Fee ? amount - 1 : amount;
        if (manner == Manner.Hooks) {
            if (from.code.length != 0) try IHooked(from).onTransfer() {} catch {}
            if (to.code.length != 0) try IHooked(to).onTransfer() {} catch {}
        }
        return true;
    }

    /// @dev By hand, for a token that returns nothing has no such line in its interface.
    function _finish(bool done) private view {
        if (manner == Manner.ReturnsNothing) return;
        assembly {
            mstore(0, done)
            return(0, 0x20)
        }
    }
}
