// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// YAML text -> a plain tree with line numbers. The only user of yaml-cpp, and no exception of its
// own or of yaml-cpp leaves it. What a configuration does not need and an attacker likes is
// refused: anchors and aliases, tags, deep nesting, huge files, NUL bytes, bad UTF-8.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/finding.h"

namespace ikelb::config {

inline constexpr std::size_t max_document_bytes = std::size_t{4} << 20;
/// The schema needs 4; yaml-cpp's parser recurses once a level.
inline constexpr std::size_t max_document_depth = 16;
inline constexpr std::size_t max_document_nodes = 200'000;

enum class NodeKind { null, scalar, list, map };

/// A node of the YAML. Scalars are text: the schema, not YAML, says what they mean.
struct Node {
    NodeKind kind = NodeKind::null;
    int line = 0;          ///< 1-based
    std::string key{};     ///< of the map this is a value in
    int key_line = 0;      ///< where that key is
    std::string text{};    ///< scalar
    std::vector<Node> children{};  ///< list items, or a map's values in the order of the file

    /// The value of a map's key, or nullptr.
    const Node* find(std::string_view wanted) const noexcept;
};

struct Document {
    Node root{};
    /// Keys written twice in one map. The first one is in the tree, so that the rest of the
    /// errors can be found as well; the document is not to be used.
    std::vector<Finding> duplicate_keys{};
};

/// Reads one YAML document. file: the name in the findings.
ConfigResult<Document> read_document(std::string_view yaml, const std::string& file);

}  // namespace ikelb::config
