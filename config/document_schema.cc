// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/document_schema.h"

#include <algorithm>
#include <string_view>

#include "config/schema.h"

namespace ikelb::config {
namespace {

constexpr std::string_view markdown_head = R"(# Configuration

<!-- Printed by config_doc from the rows in config/*.h: change those, then run
     tests/lint/config_docs.sh with --write. -->

`ikelbd --config FILE` reads one YAML file. `ikelbctl check FILE` (or `ikelbd --check`) tells
what is wrong with it, `ikelbctl reload` (or SIGHUP) applies it. Each message names the file, the
line and the key. A file with an error changes nothing: the old configuration stays in force.

- [`config/reference.yaml`](../config/reference.yaml) holds every key;
  [`config/examples/`](../config/examples) has whole set-ups to start from.
- Only the keys marked **required** have to be written.
- Durations need a unit: `500ms`, `5s`, `45m`, `24h`, `7d`.
- A rate is written `200/s burst 2000`: 200 a second on average, and 2,000 at once after a pause.
  The map `{per_second: 200, burst: 2000}` is read as well.
- **live** keys are applied by a reload. **restart** keys are not: a reload that would change one
  is refused as a whole and names the keys.
- *Live tunnels* says what changing the key does to tunnels that are up.
- `ikelbctl explain timeouts.flow` tells the same of one key, without a daemon.
- Unknown keys, keys written twice, YAML anchors, aliases and tags are errors.
- There is no source translation (SNAT, masquerading, full NAT): all clients would reach the
  servers from one address, and Windows limits the SAs of one address, so that further clients
  fail with error 809. A file that asks for it is refused. Make ikelb the servers' default gateway.
- Numbers 0x... are hexadecimal, as strongSwan writes SPIs.
- IPv6 addresses are written wherever IPv4 ones are: `2001:db8::10`, `fd00:20::1/64`.
  Any spelling of an address is the same address. Nothing is translated between the two families:
  serving both is two services over one pool, whose servers have an address of each, as in
  [`dual-stack.yaml`](../config/examples/dual-stack.yaml). VIPs and backends are global or unique
  local (fd00::/8): a link-local address (fe80::/10) is another machine on each link. IPv4 in IPv6
  form (`::ffff:10.0.0.1`) is refused.
)";

constexpr std::string_view yaml_head =
    R"(# Every key of ikelb's configuration: a one-armed set-up with one server, and all defaults.
# Printed by config_doc from the rows in config/*.h. docs/configuration.md and
# `ikelbctl explain KEY` tell in full about a key, and what a change of it does to live tunnels.
# In parentheses: what may be written. A reload applies a change of every key but those marked
# [restart]; the mark of a map counts for the keys in it, unless they are marked [live].
)";

std::string_view apply_word(const Key& key) {
    return key.apply == live ? "live" : "restart";
}

std::string form_with_unit(const Key& key) {
    return describe_form(key) + (key.unit.empty() ? "" : ", " + std::string{key.unit});
}

std::string cell(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '|') escaped += '\\';
        escaped += c;
    }
    return escaped;
}

std::string code(std::string_view text) {
    if (text.empty()) return {};
    std::string quoted = cell(text);
    quoted.insert(quoted.begin(), '`');
    return quoted + '`';
}

std::string markdown_row(const Key& key) {
    const std::string initial = key.presence == Presence::required ? "**required**"
                                : key.initial.empty()              ? "none"
                                                                   : code(key.initial);
    const bool is_map = key.form == Form::map && key.words.size() < 2;
    return "| " + code(key.path) + " | " + cell(form_with_unit(key)) + " | " +
           (is_map ? std::string{} : initial) + " | " + cell(key.purpose) + " | " +
           cell(effect_of(key)) + " | " + std::string{apply_word(key)} + " |\n";
}

constexpr std::size_t widest = 100;

/// Breaks text into lines that begin alike.
std::string wrapped(std::string_view text, std::string_view start) {
    std::string lines;
    std::string line{start};
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.size() + word.size() > widest) {
            line.pop_back();
            lines += line + "\n";
            line = start;
        }
        line.append(word).append(" ");
    }
    line.pop_back();
    return lines + line + "\n";
}

std::string comment(std::string_view text, std::size_t indent) {
    return wrapped(text, std::string(indent, ' ') + "# ");
}

/// What may be written, where the value beside does not show it; empty if it does.
std::string allowed(const Key& key) {
    if (key.form == Form::integer || key.form == Form::duration) {
        const std::string form = describe_form(key);
        const std::size_t from = form.find_first_of("0123456789");
        return form.substr(from, form.find(',') - from) +
               (key.unit.empty() ? "" : " " + std::string{key.unit});
    }
    if (key.form == Form::choice) return describe_form(key);
    if (!key.words.empty()) return "or the word " + std::string{choices_of(key).back()};
    if (!key.initial.empty() && !key.example.empty()) return "such as " + std::string{key.example};
    return {};
}

/// The first sentence of the purpose, the allowed values, and whether a reload applies a change.
std::string brief(const Key& key) {
    std::string text{key.purpose.substr(0, key.purpose.find(". "))};
    if (text.ends_with('.')) text.pop_back();
    if (const std::string form = allowed(key); !form.empty()) text += " (" + form + ")";
    if (key.apply != key.parent->apply) text += " [" + std::string{apply_word(key)} + "]";
    return text;
}

/// `key: value`; commented out if the key is optional and has no default.
std::string setting(const Key& key) {
    const std::string start = std::string{key.name()} + ":";
    if (key.form == Form::map) return start;
    if (!key.initial.empty()) return start + " " + key.initial;
    const std::string written = start + " " + std::string{key.example};
    return key.presence == Presence::required ? written : "# " + written;
}

std::string yaml_map(const Key& map, std::size_t indent);

std::string commented_out(std::string_view lines) {
    std::string text;
    while (!lines.empty()) {
        const std::size_t end = lines.find('\n') + 1;
        text += "# " + std::string{lines.substr(0, end)};
        lines.remove_prefix(end);
    }
    return text;
}

std::string yaml_item(const Key& list, std::size_t indent) {
    std::string item = yaml_map(list, indent + 4);
    // The item starts at its first key, below that key's comment.
    const std::string commented = std::string(indent + 4, ' ') + "#";
    std::size_t at = 0;
    while (item.compare(at, commented.size(), commented) == 0) at = item.find('\n', at) + 1;
    item[at + indent + 2] = '-';
    return std::string(indent, ' ') + std::string{list.name()} + ":\n" + item;
}

std::string yaml_key(const Key& key, std::size_t indent, std::size_t column) {
    const std::string text = brief(key);
    const std::string line = std::string(indent, ' ') + setting(key);
    if (key.form == Form::map)
        return comment(text, indent) + line + "\n" + yaml_map(key, indent + 2);
    if (key.form == Form::list_of_maps) {
        const std::string item = yaml_item(key, indent);
        const bool is_required = key.presence == Presence::required;
        return comment(text, indent) + (is_required ? item : commented_out(item) + line + "\n");
    }
    if (line.size() < column && column + 2 + text.size() <= widest)
        return line + std::string(column - line.size(), ' ') + "# " + text + "\n";
    return comment(text, indent) + line + "\n";
}

std::string yaml_map(const Key& map, std::size_t indent) {
    constexpr std::size_t rightmost = 40;
    std::size_t column = 0;
    for (const Key& key : map.keys)
        if (const std::size_t end = indent + setting(key).size() + 2; end <= rightmost)
            column = std::max(column, end);
    std::string text;
    for (const Key& key : map.keys)
        text += (map.path.empty() ? "\n" : "") + yaml_key(key, indent, column);
    return text;
}

}  // namespace

std::string configuration_markdown() {
    std::string text{markdown_head};
    for (const Key& key : all_keys()) {
        if (key.parent->path.empty())
            text += "\n## " + std::string{key.name()} +
                    "\n\n| key | what to write | default | what for | live tunnels | applied |\n"
                    "|---|---|---|---|---|---|\n";
        text += markdown_row(key);
    }
    return text;
}

std::string explain_key(const Key& key) {
    std::string text = key.path + ": " + form_with_unit(key);
    if (key.presence == Presence::required) text += "; required";
    if (!key.initial.empty()) text += "; default " + key.initial;
    if (!key.example.empty()) text += "; such as " + std::string{key.example};
    text += "\n" + wrapped(key.purpose, "  ") +
            wrapped("Live tunnels: " + effect_in_full(key), "  ");
    text += key.apply == live ? "  A reload applies a change.\n"
                              : "  A change needs a restart of ikelbd.\n";
    if (key.keys.empty() || key.form == Form::rate) return text;
    std::string names;
    for (const Key& inner : key.keys)
        names += (names.empty() ? "" : ", ") + std::string{inner.name()};
    return text + wrapped("Keys: " + names, "  ");
}

std::string reference_yaml() {
    return std::string{yaml_head} + yaml_map(schema(), 0);
}

}  // namespace ikelb::config
