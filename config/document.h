// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// YAML text -> a plain tree with line numbers. The only user of yaml-cpp; no exception leaves it.
// It refuses features that no configuration needs and attacks use: anchors and aliases, tags, deep
// nesting, huge files, NUL bytes, bad UTF-8.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/finding.h"

namespace ikelb::config {

inline constexpr std::size_t max_document_bytes = std::size_t{4} << 20;
/// The schema needs 4; yaml-cpp's parser recurses once per level.
inline constexpr std::size_t max_document_depth = 16;
inline constexpr std::size_t max_document_nodes = 200'000;

enum class NodeKind { null, scalar, list, map };

/// A node of the YAML. Scalars are text: the schema gives the text its meaning, not YAML.
struct Node {
    NodeKind kind = NodeKind::null;
    int line = 0;          ///< 1-based
    std::string key{};     ///< of a value in a map
    int key_line = 0;      ///< 1-based
    std::string text{};    ///< scalar
    std::vector<Node> children{};  ///< list items, or a map's values in the order of the file

    const Node* find(std::string_view wanted) const noexcept;
};

struct Document {
    Node root{};
    /// Keys that one map has twice. The tree keeps the first, so that the reader finds the other
    /// errors as well; the caller must not use the document.
    std::vector<Finding> duplicate_keys{};
};

/// file: the name in the findings.
ConfigResult<Document> read_document(std::string_view yaml, const std::string& file);

}  // namespace ikelb::config
