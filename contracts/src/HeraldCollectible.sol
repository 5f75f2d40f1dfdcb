// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// @title An ERC-721 that anyone may move, for `herald dev` and the tests. Never deploy it for real.
/// @notice It reaches the histories an indexer gets wrong: several owners within one transaction,
/// a transfer to oneself, a token that is born and dies in one block, a token that comes back.
contract HeraldCollectible is ERC721 {
    /// The id `mint` gives next; ids taken by `mintId` are stepped over.
    uint256 public nextId = 1;

    constructor(string memory name_, string memory symbol_) ERC721(name_, symbol_) {}

    /// Mints `count` tokens with consecutive ids to `to`.
    function mint(address to, uint256 count) external returns (uint256 firstId) {
        uint256 id = nextId;
        for (uint256 made = 0; made < count; id++) {
            if (_ownerOf(id) != address(0)) continue;
            if (made == 0) firstId = id;
            _mint(to, id);
            made++;
        }
        nextId = id;
    }

    /// Mints the token `id`, also one that was burnt before.
    function mintId(address to, uint256 id) external {
        _mint(to, id);
    }

    /// Burns `id`, whoever owns it.
    function burn(uint256 id) external {
        _burn(id);
    }

    /// Moves `id` along `path` within this transaction: one transfer for each entry.
    function hop(uint256 id, address[] calldata path) external {
        for (uint256 i = 0; i < path.length; i++) _move(path[i], id);
    }

    /// Moves `id` from its owner to the same owner.
    function selfTransfer(uint256 id) external {
        _move(_requireOwned(id), id);
    }

    /// Mints `id` to `to` and burns it in the same transaction.
    function mintAndBurn(address to, uint256 id) external {
        _mint(to, id);
        _burn(id);
    }

    /// Moves `id` to `via` and back to its owner in the same transaction.
    function thereAndBack(uint256 id, address via) external {
        address home = _requireOwned(id);
        _move(via, id);
        _move(home, id);
    }

    /// A transfer without asking for the owner's consent; neither mints nor burns.
    function _move(address to, uint256 id) private {
        if (to == address(0)) revert ERC721InvalidReceiver(to);
        _requireOwned(id);
        _update(to, id, address(0));
    }
}
