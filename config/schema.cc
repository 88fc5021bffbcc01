// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/schema.h"

#include <algorithm>

#include "config/protocol_port.h"
#include "config/scalar.h"

namespace ikelb::config {
namespace {

std::string joined(const std::vector<std::string_view>& words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
        text += words[i];
    }
    return text;
}

std::string between(const Range& range) {
    return std::to_string(range.min) + ".." + std::to_string(range.max);
}

}  // namespace

std::string_view Key::name() const noexcept { return path.substr(path.rfind('.') + 1); }

std::string_view Key::parent() const noexcept {
    const std::size_t dot = path.rfind('.');
    return dot == std::string_view::npos ? std::string_view{} : path.substr(0, dot);
}

const Key* find_key(std::string_view path) noexcept {
    const auto keys = schema();
    const auto found = std::ranges::find(keys, path, &Key::path);
    return found == keys.end() ? nullptr : &*found;
}

std::vector<const Key*> keys_of(std::string_view parent) {
    std::vector<const Key*> children;
    for (const Key& key : schema())
        if (key.parent() == parent) children.push_back(&key);
    return children;
}

std::string describe_form(const Key& key) {
    using std::chrono::milliseconds;
    switch (key.form) {
        case Form::map:
            return key.choices ? "a map, or " + joined(key.choices()) : "a map";
        case Form::list_of_maps:
            return "a list of " + between(key.range) + " maps";
        case Form::text:
            return "text";
        case Form::kernel_name:
            return "a name: a letter a-z, then at most 14 of a-z 0-9 _ -";
        case Form::name:
            return "a name: a letter or digit, then at most 62 letters, digits, . _ -";
        case Form::reference:
            return "a name";
        case Form::integer:
            return "a whole number " + between(key.range);
        case Form::hexadecimal:
            return "a number 0x... of at most " + std::to_string(key.range.max) + " digits";
        case Form::duration:
            return "a duration " + to_string(milliseconds{key.range.min}) + ".." +
                   to_string(milliseconds{key.range.max});
        case Form::address:
            return "an IP address";
        case Form::prefix:
            return "a prefix ADDRESS/LENGTH";
        case Form::mac:
            return "a MAC address";
        case Form::endpoint:
            return "ADDRESS:PORT";
        case Form::choice:
            return joined(key.choices());
        case Form::flag:
            return "true or false";
        case Form::protocol:
            return "a protocol's number, " + joined(protocol_names());
        case Form::port_range:
            return "a port, or a range FIRST-LAST";
        case Form::list_of_text:
            return "a list of at most " + std::to_string(key.range.max) + " texts";
        case Form::list_of_integers:
            return "a list of at most " + std::to_string(key.range.max) + " whole numbers";
        case Form::list_of_prefixes:
            return "a list of at most " + std::to_string(key.range.max) +
                   " prefixes ADDRESS/LENGTH";
        case Form::list_of_macs:
            return "a list of at most " + std::to_string(key.range.max) + " MAC addresses";
        case Form::list_of_ports:
            return "a list of at most " + std::to_string(key.range.max) +
                   " ports PROTOCOL/PORT or PROTOCOL/FIRST-LAST";
    }
    return {};
}

}  // namespace ikelb::config
