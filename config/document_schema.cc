// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/document_schema.h"

#include <algorithm>
#include <string_view>

#include "config/schema.h"

namespace ikelb::config {
namespace {

constexpr std::string_view markdown_head = R"(# Configuration

<!-- Printed by config_doc from config/schema_keys*.cc: change that table, then run
     tests/lint/config_docs.sh with --write. -->

`ikelbd --config FILE` reads one YAML file. `ikelbctl check FILE` (or `ikelbd --check`) tells
what is wrong with it, `ikelbctl reload` (or SIGHUP) applies it. Each message names the file, the
line and the key. A file with an error changes nothing: the old configuration stays in force.

- [`config/reference.yaml`](../config/reference.yaml) holds every key;
  [`config/examples/`](../config/examples) has whole set-ups to start from.
- Only the keys marked **required** have to be written.
- Durations need a unit: `500ms`, `5s`, `45m`, `24h`, `7d`.
- **live** keys are applied by a reload. **restart** keys are not: a reload that would change one
  is refused as a whole and names the keys.
- *Live tunnels* says what changing the key does to tunnels that are up.
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
# Printed by config_doc from config/schema_keys*.cc; docs/configuration.md holds the same as tables.
# [live]: applied by a reload. [restart]: needs a restart of ikelbd.
)";

bool is_scalar_list(Form form) {
    return form == Form::list_of_text || form == Form::list_of_integers ||
           form == Form::list_of_prefixes || form == Form::list_of_macs ||
           form == Form::list_of_ports;
}

std::string_view apply_word(const Key& key) {
    return key.apply == Apply::live ? "live" : "restart";
}

std::string form_with_unit(const Key& key) {
    return describe_form(key) + (key.unit.empty() ? "" : ", " + std::string{key.unit});
}

/// A cell of a Markdown table.
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
    const bool is_map = key.form == Form::map && key.initial.empty();
    return "| " + code(key.path) + " | " + cell(form_with_unit(key)) + " | " +
           (is_map ? std::string{} : initial) + " | " + cell(key.purpose) + " | " +
           cell(key.effect) + " | " + std::string{apply_word(key)} + " |\n";
}

/// Breaks text into comment lines of at most 98 columns.
std::string comment(std::string_view text, std::size_t indent) {
    constexpr std::size_t widest = 98;
    const std::string start = std::string(indent, ' ') + "#";
    std::string lines;
    std::string line = start;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.size() + 1 + word.size() > widest) {
            lines += line + "\n";
            line = start;
        }
        line.append(" ").append(word);
    }
    return lines + line + "\n";
}

std::string yaml_comment(const Key& key, std::size_t indent) {
    std::string text = std::string{key.purpose} + " (" + form_with_unit(key);
    if (key.presence == Presence::required)
        text += "; required";
    else if (!key.initial.empty())
        text += "; default " + std::string{key.initial};
    text += ") Live tunnels: " + std::string{key.effect};
    text += " [" + std::string{apply_word(key)} + "]";
    return comment(text, indent);
}

/// The keys of a map as YAML, each below its comment.
std::string yaml_map(std::string_view parent, std::size_t indent);

/// The one item of a list of maps.
std::string yaml_item(const Key& list, std::size_t indent) {
    std::string item = yaml_map(std::string{list.path} + "[]", indent + 4);
    // The first key, below its comment, is where the item starts.
    const std::string commented = std::string(indent + 4, ' ') + "#";
    std::size_t at = 0;
    while (item.compare(at, commented.size(), commented) == 0) at = item.find('\n', at) + 1;
    item[at + indent + 2] = '-';
    return item;
}

std::string commented_out(std::string_view lines) {
    std::string text;
    while (!lines.empty()) {
        const std::size_t end = lines.find('\n') + 1;
        text += "# " + std::string{lines.substr(0, end)};
        lines.remove_prefix(end);
    }
    return text;
}

std::string yaml_key(const Key& key, std::size_t indent) {
    const std::string start = std::string(indent, ' ') + std::string{key.name()} + ":";
    if (key.form == Form::map) return start + "\n" + yaml_map(key.path, indent + 2);
    if (key.form == Form::list_of_maps) {
        const std::string full = start + "\n" + yaml_item(key, indent);
        if (key.presence == Presence::required) return full;
        return commented_out(full) + start + " " + std::string{key.initial} + "\n";
    }
    if (!key.initial.empty()) return start + " " + std::string{key.initial} + "\n";
    if (key.presence == Presence::required) return start + " " + std::string{key.example} + "\n";
    return std::string(indent, ' ') + "# " + std::string{key.name()} + ": " +
           std::string{key.example} + "\n";
}

std::string yaml_map(std::string_view parent, std::size_t indent) {
    std::string text;
    for (const Key* key : keys_of(parent)) {
        if (parent.empty()) text += "\n";
        text += yaml_comment(*key, indent);
        if (is_scalar_list(key->form) && !key->example.empty())
            text += comment("Example: " + std::string{key->name()} + ": " +
                                std::string{key->example},
                            indent);
        text += yaml_key(*key, indent);
    }
    return text;
}

}  // namespace

std::string configuration_markdown() {
    std::string text{markdown_head};
    for (const Key& key : schema()) {
        if (key.parent().empty())
            text += "\n## " + std::string{key.name()} +
                    "\n\n| key | what to write | default | what for | live tunnels | applied |\n"
                    "|---|---|---|---|---|---|\n";
        text += markdown_row(key);
    }
    return text;
}

std::string reference_yaml() { return std::string{yaml_head} + yaml_map("", 0); }

}  // namespace ikelb::config
