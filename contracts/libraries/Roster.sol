// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Roster
/// @notice Members as a dense array in which joining and leaving cost the same however many there are.
/// @dev A mapping and a count, not a dynamic array: its bounds check would read the length, cold, at each access.
library Roster {
    struct State {
        mapping(uint256 index => address) members; // Dense below count.
        mapping(address client => Origin) origins; // Where a client stood at the opening of the round that moved it.
        uint24 count; // Members now.
    }

    struct Origin {
        uint24 round; // The round in which the client was first moved; other rounds ignore the entry.
        uint24 place; // Index at that round's opening plus one; zero when it was no member then.
    }

    /// @notice Thrown when the roster is full.
    /// @param limit Members at most.
    error RosterFull(uint256 limit);

    /// @notice Adds a member at the end.
    /// @return place Its index plus one.
    function add(State storage self, address client) internal returns (uint256 place) {
        uint24 count = self.count;
        // The largest place is reserved for the removed.
        require(count < type(uint24).max - 1, RosterFull(type(uint24).max - 1));

        self.members[count] = client;
        self.count = ++count;
        return count;
    }

    /// @notice Takes the member at `place` out and moves the last one there.
    /// @return moved The member whose place is `place` from now on; zero when it was the last itself.
    function take(State storage self, uint256 place) internal returns (address moved) {
        uint256 last = self.count;
        self.count = uint24(last - 1); // Safe cast: less than before.

        if (place != last) {
            moved = self.members[last - 1];
            self.members[place - 1] = moved;
        }
        delete self.members[last - 1];
    }

    /// @notice Notes where `client` stood when `round` opened, unless that was noted before.
    function note(State storage self, address client, uint256 round, uint256 place) internal {
        // Safe casts: rounds and places fit 24 bits.
        if (self.origins[client].round != round) self.origins[client] = Origin(uint24(round), uint24(place));
    }

    /// @notice The place that `client` held when `round` opened.
    /// @param place Its place now.
    /// @return Index plus one; zero when it was no member then, or joined later.
    function placeAtOpening(State storage self, address client, uint256 round, uint256 place)
        internal
        view
        returns (uint256)
    {
        Origin memory origin = self.origins[client];
        return origin.round == round ? origin.place : place;
    }
}
