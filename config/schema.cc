// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/schema.h"

#include <algorithm>

#include "config/keys.h"

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

std::string list_of(const Key& key, std::string_view items) {
    return "a list of at most " + std::to_string(key.range.max) + " " + std::string{items};
}

/// Fills in the fields that come from the parent. From here on a key's children must not move.
void place(Key& key) {
    const std::string inside = key.form == Form::list_of_maps ? key.path + "[]" : key.path;
    for (Key& child : key.keys) {
        child.parent = &key;
        if (!inside.empty()) child.path = inside + "." + child.path;
        if (child.apply == Apply::as_parent) child.apply = key.apply;
        place(child);
    }
}

void collect(const Key& key, std::vector<std::reference_wrapper<const Key>>& all) {
    if (key.form == Form::rate) return;  // its parts are an older form of the rate
    for (const Key& child : key.keys) {
        all.push_back(child);
        collect(child, all);
    }
}

}  // namespace

std::string_view Key::name() const noexcept {
    return std::string_view{path}.substr(path.rfind('.') + 1);
}

const Key& schema() {
    static Key root;  // filled in place: children point to their parents
    static const bool is_filled = [] {
        root.form = Form::map;
        root.apply = live;
        root.type = &value_type<Config>;
        Keys<Config> keys{root.keys};
        Config::rows(keys);
        place(root);
        return true;
    }();
    static_cast<void>(is_filled);
    return root;
}

const std::vector<std::reference_wrapper<const Key>>& all_keys() {
    static const auto all = [] {
        std::vector<std::reference_wrapper<const Key>> keys;
        collect(schema(), keys);
        return keys;
    }();
    return all;
}

const Key* find_key(std::string_view path) {
    const auto& keys = all_keys();
    const auto found =
        std::ranges::find_if(keys, [path](const Key& key) { return key.path == path; });
    return found == keys.end() ? nullptr : &found->get();
}

std::vector<std::string_view> choices_of(const Key& key) {
    if (key.form == Form::protocol) return protocol_names();
    if (key.type->choices != nullptr) return key.type->choices();
    std::vector<std::string_view> words;
    for (const Word& word : key.words) words.push_back(word.name);
    return words;
}

std::string effect_of(const Key& key) {
    if (!key.effect.empty()) return std::string{key.effect};
    if (key.parent == nullptr || key.parent->path.empty())
        return std::string{key.apply == restart ? needs_restart : no_effect};
    const std::string inherited = effect_of(*key.parent);
    if (inherited == no_effect || inherited.starts_with("As for ")) return inherited;
    return "As for " + std::string{key.parent->name()} + ".";
}

std::string effect_in_full(const Key& key) {
    const Key* teller = &key;
    while (teller->effect.empty() && !teller->parent->path.empty()) teller = teller->parent;
    return effect_of(*teller);
}

std::string describe_form(const Key& key) {
    using std::chrono::milliseconds;
    switch (key.form) {
        case Form::of_the_type: break;
        case Form::map: return key.words.empty() ? "a map" : "a map, or " + joined(choices_of(key));
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
            return "a whole number " + between(key.range) +
                   (key.range.of_powers_of_two ? ", a power of two" : "");
        case Form::hexadecimal:
            return "a number 0x... of at most " + std::to_string(key.range.max) + " digits";
        case Form::duration:
            return "a duration " + to_string(milliseconds{key.range.min}) + ".." +
                   to_string(milliseconds{key.range.max});
        case Form::rate: return "a rate NUMBER/s burst NUMBER, both " + between(key.range);
        case Form::address:
            return "an IP address";
        case Form::prefix:
            return "a prefix ADDRESS/LENGTH";
        case Form::mac:
            return "a MAC address";
        case Form::endpoint:
            return "ADDRESS:PORT";
        case Form::choice: return joined(choices_of(key));
        case Form::flag:
            return "true or false";
        case Form::protocol: return "a protocol's number, " + joined(choices_of(key));
        case Form::port_range:
            return "a port, or a range FIRST-LAST";
        case Form::list_of_text: return list_of(key, "texts");
        case Form::list_of_cpus:
            return list_of(key, "CPU numbers 0.." + std::to_string(highest_cpu));
        case Form::list_of_prefixes: return list_of(key, "prefixes ADDRESS/LENGTH");
        case Form::list_of_macs: return list_of(key, "MAC addresses");
        case Form::list_of_ports: return list_of(key, "ports PROTOCOL/PORT or PROTOCOL/FIRST-LAST");
    }
    return {};
}

}  // namespace ikelb::config
