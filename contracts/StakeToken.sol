// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title StakeToken
/// @notice The token that clients stake: an ERC-20 with permit and a supply fixed at deployment. It knows no rounds.
contract StakeToken is ERC20, ERC20Permit {
    /// @param name_ ERC-20 name, also the EIP-712 domain of permits.
    /// @param symbol_ ERC-20 symbol.
    /// @param supply Base units minted to `holder`; no other mint exists.
    /// @param holder Receives the whole supply.
    constructor(string memory name_, string memory symbol_, uint256 supply, address holder)
        ERC20(name_, symbol_)
        ERC20Permit(name_)
    {
        _mint(holder, supply);
    }
}
