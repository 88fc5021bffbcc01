// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// One map of the YAML, read by the schema: ranges, choices and known keys come from there. Every
// reader returns a value whatever is written; what is wrong goes to the findings.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/document.h"
#include "config/finding.h"
#include "config/names.h"
#include "config/protocol_port.h"
#include "config/schema.h"

namespace ikelb::config {

class MapReader {
public:
    /// node: the map, or nullptr where it is not written (all of its keys then have defaults).
    /// schema_path: pools[]; path: pools[0]. Reports unknown and missing keys at once.
    MapReader(FindingList& errors, const Node* node, std::string schema_path, std::string path);

    SourceLine line() const noexcept { return {node_ ? node_->line : 0}; }
    /// Where a key is written; 0 if it is not.
    SourceLine line_of(std::string_view name) const noexcept;

    template <class Int>
    Int integer(std::string_view name, Int otherwise) const {
        return static_cast<Int>(integer_in_range(name, static_cast<std::int64_t>(otherwise)));
    }
    template <class Int>
    Int hexadecimal(std::string_view name, Int otherwise) const {
        return static_cast<Int>(hexadecimal_in_range(name, otherwise));
    }
    std::chrono::milliseconds duration(std::string_view name,
                                       std::chrono::milliseconds otherwise) const;
    std::string text(std::string_view name, std::string otherwise = {}) const;
    std::optional<std::string> optional_text(std::string_view name) const;
    net::IpAddress address(std::string_view name) const;
    std::optional<net::IpAddress> optional_address(std::string_view name) const;
    net::IpPrefix prefix(std::string_view name) const;
    std::optional<net::MacAddress> mac(std::string_view name) const;
    std::vector<net::MacAddress> macs(std::string_view name) const;
    std::optional<Endpoint> endpoint(std::string_view name,
                                     std::optional<Endpoint> otherwise) const;
    std::vector<net::IpPrefix> prefixes(std::string_view name) const;
    std::vector<std::string> texts(std::string_view name) const;
    std::vector<std::uint16_t> cpus(std::string_view name) const;
    bool flag(std::string_view name) const;
    std::uint8_t protocol(std::string_view name) const;
    PortRange port_range(std::string_view name) const;
    std::vector<OpenPort> open_ports(std::string_view name) const;

    template <Named Enum>
    Enum choice(std::string_view name, Enum otherwise) const {
        const Node* value = scalar(name);
        if (!value) return otherwise;
        if (const auto chosen = from_string<Enum>(value->text)) return *chosen;
        refuse(name, *value);
        return otherwise;
    }

    /// Whether this word is written where a map could be.
    bool is_word(std::string_view name, std::string_view word) const;
    bool is_none(std::string_view name) const { return is_word(name, "none"); }
    /// A map within this one; reads as absent where there is none.
    MapReader map(std::string_view name) const;
    /// The items of a list of maps.
    std::vector<MapReader> maps(std::string_view name) const;

private:
    struct Item {
        const Node* node;
        std::string path;
    };

    const Key& key(std::string_view name) const;
    std::string path_of(std::string_view name) const;
    const Node* find(std::string_view name) const;
    /// The scalar of a key; nullptr if absent, or if it is none (reported).
    const Node* scalar(std::string_view name) const;
    /// The scalar items of a list, those that are none reported and left out.
    std::vector<Item> scalars(std::string_view name) const;
    std::vector<Item> items(std::string_view name) const;
    std::int64_t integer_in_range(std::string_view name, std::int64_t otherwise) const;
    std::uint64_t hexadecimal_in_range(std::string_view name, std::uint64_t otherwise) const;
    /// Reports a value that is not of the form the schema asks for.
    void refuse(std::string_view name, const Node& value) const;
    void refuse_at(const Key& key, const Node& value, std::string path) const;
    void report_unknown_keys() const;
    void report_missing_keys() const;
    std::string explain_unknown(std::string_view typed) const;

    FindingList* errors_;
    const Node* node_;
    std::string schema_path_;
    std::string path_;
};

}  // namespace ikelb::config
