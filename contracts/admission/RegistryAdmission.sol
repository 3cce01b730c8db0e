// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IAdmission} from "../interfaces/IAdmission.sol";

/// @title RegistryAdmission
/// @notice Admits the addresses on a list that an owner keeps: a Safe, a governor, a timelock that takes longer than
/// leaving does. Whoever is taken off the list after it joined stays a member.
contract RegistryAdmission is IAdmission, Ownable2Step {
    /// @notice Whether an address is on the list.
    mapping(address client => bool) public isListed;

    /// @notice Emitted when `client` comes onto the list.
    event Listed(address indexed client);

    /// @notice Emitted when `client` is taken off the list.
    event Unlisted(address indexed client);

    /// @param owner Who keeps the list.
    /// @param clients On it from the beginning.
    constructor(address owner, address[] memory clients) Ownable(owner) {
        for (uint256 i = 0; i < clients.length; ++i) {
            _list(clients[i]);
        }
    }

    /// @notice Puts addresses onto the list; those on it stay there.
    function list(address[] calldata clients) external onlyOwner {
        for (uint256 i = 0; i < clients.length; ++i) {
            _list(clients[i]);
        }
    }

    /// @notice Takes addresses off the list; of those that are not on it nothing is said.
    function unlist(address[] calldata clients) external onlyOwner {
        for (uint256 i = 0; i < clients.length; ++i) {
            if (!isListed[clients[i]]) continue;

            delete isListed[clients[i]];
            emit Unlisted(clients[i]);
        }
    }

    /// @inheritdoc IAdmission
    /// @dev There is nothing to show: the list is looked up.
    function isAdmitted(address client, bytes calldata) external view returns (bool) {
        return isListed[client];
    }

    function _list(address client) private {
        if (isListed[client]) return;

        isListed[client] = true;
        emit Listed(client);
    }
}
