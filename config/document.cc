// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <boost/locale/utf.hpp>
#include <optional>
#include <sstream>
#include <unordered_set>
#include <utility>

#include "config/scalar.h"

namespace ikelb::config {
namespace {

Finding error_at(const std::string& file, int line, std::string message) {
    return {.file = file, .line = line, .message = std::move(message)};
}

/// Faults of the bytes, found before any YAML is read.
std::optional<Finding> refuse_bytes(std::string_view yaml, const std::string& file) {
    if (yaml.size() > max_document_bytes)
        return error_at(file, 0, "the file has more than 4 MiB; this is no ikelb configuration");
    int line = 1;
    for (auto at = yaml.begin(); at != yaml.end();) {
        const auto character = boost::locale::utf::utf_traits<char>::decode(at, yaml.end());
        if (character == 0)
            return error_at(file, line, "NUL byte; save the file as UTF-8 text (not UTF-16)");
        if (!boost::locale::utf::is_valid_codepoint(character))
            return error_at(file, line, "bytes that are not UTF-8; save the file as UTF-8 text");
        if (character == '\n') ++line;
    }
    return std::nullopt;
}

/// Ends yaml-cpp's run; read_document catches it.
struct Refused {
    int line;
    std::string message;
};

/// Builds the tree from yaml-cpp's events and refuses at once, so that the tree never holds a
/// refused node.
class TreeBuilder final : public YAML::EventHandler {
public:
    explicit TreeBuilder(std::string file) : file_{std::move(file)} {}

    Document take() { return std::move(document_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_extras(mark, "", anchor);
        add({.kind = NodeKind::null, .line = line_of(mark)});
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        throw Refused{line_of(mark), "YAML aliases (*name) are not read; write the value out"};
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_extras(mark, tag, anchor);
        for (const char c : value)
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
                throw Refused{line_of(mark), "control character or line break in the value " +
                                                 in_quotes(value) + "; write it on one line"};
        add({.kind = NodeKind::scalar, .line = line_of(mark), .text = value});
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        refuse_extras(mark, tag, anchor);
        open({.kind = NodeKind::list, .line = line_of(mark)});
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        refuse_extras(mark, tag, anchor);
        open({.kind = NodeKind::map, .line = line_of(mark)});
    }
    void OnMapEnd() override { close(); }

private:
    struct Open {
        Node node;
        std::optional<Node> key;  ///< map: the key whose value comes next
        std::unordered_set<std::string> keys;
        bool is_duplicate = false;  ///< map: an earlier key has the same name
    };

    static int line_of(const YAML::Mark& mark) { return mark.line + 1; }

    static void refuse_extras(const YAML::Mark& mark, const std::string& tag,
                              YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor)
            throw Refused{line_of(mark), "YAML anchors (&name) are not read; remove the anchor"};
        // YAML tags plain scalars "?" and quoted scalars "!" (1.2.2, section 6.9.1).
        if (!tag.empty() && tag != "?" && tag != "!")
            throw Refused{line_of(mark), "YAML tags (!tag) are not read; remove the tag"};
    }

    void open(Node node) {
        if (open_.size() >= max_document_depth)
            throw Refused{node.line, "lists or maps nested deeper than any configuration needs"};
        if (!open_.empty() && open_.back().node.kind == NodeKind::map && !open_.back().key)
            throw Refused{node.line, "a list or map as a key; keys are plain words"};
        open_.push_back({.node = std::move(node), .key = {}, .keys = {}});
    }

    void close() {
        Node node = std::move(open_.back().node);
        open_.pop_back();
        add(std::move(node));
    }

    void add(Node node) {
        if (++nodes_ > max_document_nodes)
            throw Refused{node.line, "more values than any configuration needs"};
        if (open_.empty()) {
            document_.root = std::move(node);
        } else if (Open& parent = open_.back(); parent.node.kind == NodeKind::list) {
            parent.node.children.push_back(std::move(node));
        } else if (!parent.key) {
            add_key(parent, node);
        } else {
            add_value(parent, std::move(node));
        }
    }

    void add_key(Open& map, const Node& key) {
        if (key.kind != NodeKind::scalar)
            throw Refused{key.line, "a key is missing before ':'; keys are plain words"};
        map.key = key;
        map.is_duplicate = !map.keys.insert(key.text).second;
        if (!map.is_duplicate) return;
        if (document_.duplicate_keys.size() >= max_findings)
            throw Refused{key.line, "too many keys that are written twice"};
        document_.duplicate_keys.push_back(
            error_at(file_, key.line, "the key " + in_quotes(key.text) +
                                          " is written twice in one map; keep one of them"));
    }

    static void add_value(Open& map, Node value) {
        // yaml-cpp marks an empty value where the next token starts, which may be lines below.
        if (value.kind == NodeKind::null) value.line = map.key->line;
        value.key = std::move(map.key->text);
        value.key_line = map.key->line;
        if (!map.is_duplicate) map.node.children.push_back(std::move(value));
        map.key.reset();
    }

    std::string file_;
    Document document_;
    std::vector<Open> open_;
    std::size_t nodes_ = 0;
};

}  // namespace

const Node* Node::find(std::string_view wanted) const noexcept {
    for (const Node& child : children)
        if (child.key == wanted) return &child;
    return nullptr;
}

ConfigResult<Document> read_document(std::string_view yaml, const std::string& file) {
    if (auto refused = refuse_bytes(yaml, file)) return Findings{{std::move(*refused)}};
    const auto error = [&file](int line, std::string message) {
        return Findings{{error_at(file, line, std::move(message))}};
    };
    try {
        std::istringstream stream{std::string{yaml}};
        YAML::Parser parser{stream};
        TreeBuilder first{file};
        if (!parser.HandleNextDocument(first))
            return error(0, "the file is empty; config/reference.yaml shows every key");
        TreeBuilder second{file};
        if (parser.HandleNextDocument(second))
            return error(0, "more than one YAML document; remove what follows the '---' line");
        return first.take();
    } catch (const Refused& refused) {
        return error(refused.line, refused.message);
    } catch (const YAML::Exception& wrong) {
        return error(wrong.mark.line + 1, "this is not YAML: " + wrong.msg +
                                              "; check indentation, colons and quotes here");
    }
}

}  // namespace ikelb::config
