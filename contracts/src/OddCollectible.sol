// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title A collectible older than the standard, for the tests: its `Transfer` has the three topics
/// of an ERC-20 and the id where that has the amount, and it says nothing by ERC-165.
contract OddCollectible {
    event Transfer(address indexed from, address indexed to, uint256 tokenId);

    error NoToken(uint256 id);
    error Taken(uint256 id);

    mapping(uint256 id => address) private _owners;

    /// The owner of `id`; reverts where it has none, as ERC-721 asks.
    function ownerOf(uint256 id) external view returns (address) {
        return _owned(id);
    }

    /// Mints `id` to `to`.
    function mint(address to, uint256 id) external {
        if (_owners[id] != address(0)) revert Taken(id);
        _owners[id] = to;
        emit Transfer(address(0), to, id);
    }

    /// Moves `id` to `to`, whoever asks.
    function transfer(address to, uint256 id) external {
        emit Transfer(_owned(id), to, id);
        _owners[id] = to;
    }

    /// Burns `id`, whoever asks.
    function burn(uint256 id) external {
        emit Transfer(_owned(id), address(0), id);
        delete _owners[id];
    }

    function _owned(uint256 id) private view returns (address owner) {
        owner = _owners[id];
        if (owner == address(0)) revert NoToken(id);
    }
}
