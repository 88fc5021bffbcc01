// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/ctl/render.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace ikelb::ctl {
namespace {

using nlohmann::json;

constexpr const char* absent = "-";

const json& member(const json& object, const char* key) {
    static const json null;
    if (!object.is_object()) return null;
    const auto found = object.find(key);
    return found == object.end() ? null : *found;
}

std::string plain(const json& value) {
    if (value.is_null()) return absent;
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    if (value.is_number_float()) return fmt::format("{:.3g}", value.get<double>());
    if (value.is_string())
        return value.get<std::string>().empty() ? absent : value.get<std::string>();
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string shown(const json& object, const char* key) {
    return plain(member(object, key));
}

std::string count(const json& value) {
    return value.is_number() ? short_number(value.get<double>()) : plain(value);
}

std::string duration(const json& value) {
    return value.is_number() ? short_duration(value.get<double>()) : plain(value);
}

/// The age of an IKE SA is a multiple of 128 s with an error of up to 128 s, or its idle time. The
/// count ends at its highest value.
std::string age(const json& value) {
    constexpr double unit = 128, oldest = 1300 * unit;
    if (!value.is_number()) return plain(value);
    if (value.get<double>() < unit) return "<3m";
    return fmt::format("{}{}", value.get<double>() < oldest ? "~" : ">", duration(value));
}

std::string percent(const json& value) {
    return value.is_number() ? fmt::format("{:.1f}%", 100 * value.get<double>()) : plain(value);
}

std::string microseconds(const json& value) {
    return value.is_number() ? fmt::format("{:.3f}ms", value.get<double>() / 1000) : plain(value);
}

struct Field {
    Column column;
    std::string key;
    std::string (*show)(const json&);
};

std::string table_of(const std::vector<Field>& fields, const json& list, const char* if_empty,
                     std::size_t width) {
    if (!list.is_array() || list.empty()) return std::string{if_empty} + "\n";
    std::vector<Column> columns;
    for (const Field& field : fields) columns.push_back(field.column);
    std::vector<std::vector<std::string>> rows;
    for (const json& item : list) {
        std::vector<std::string> row;
        for (const Field& field : fields)
            row.push_back(field.show(member(item, field.key.c_str())));
        rows.push_back(std::move(row));
    }
    return format_table(columns, rows, width);
}

std::string section(std::string_view title, const std::string& body) {
    return fmt::format("\n{}\n{}", title, body);
}

bool is_above_zero(const json& value) {
    return value.is_number() && value.get<double>() > 0;
}

json above_zero(const json& rows, const char* key) {
    json happened = json::array();
    if (rows.is_array())
        for (const json& row : rows)
            if (is_above_zero(member(row, key))) happened.push_back(row);
    return happened;
}

bool is_list_of_counts(const json& value) {
    return value.is_array() && std::ranges::all_of(value, [](const json& one) {
               return member(one, "name").is_string() && member(one, "count").is_number();
           });
}

/// The counts above 0: "rx_crc_errors 3, rx_discards 7".
std::string in_words(const json& counts) {
    std::string text;
    for (const json& one : above_zero(counts, "count"))
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", shown(one, "name"),
                            shown(one, "count"));
    return plain(text);
}

std::string anything(const json& value) {
    return is_list_of_counts(value) ? in_words(value) : plain(value);
}

/// A table with all keys of the objects in `list`, "name" first; nothing for any other value.
std::string table_of_anything(const std::string& title, const json& list, std::size_t width) {
    if (!list.is_array() || list.empty() || !list.front().is_object()) return {};
    std::vector<Field> fields;
    const auto add = [&fields](const std::string& key) {
        const auto rank = static_cast<int>(fields.size());
        fields.push_back({{.title = key, .expendable = rank}, key, anything});
    };
    if (list.front().contains("name")) add("name");
    for (const auto& [key, value] : list.front().items())
        if (key != "name") add(key);
    return section(title, table_of(fields, list, "", width));
}

/// A backend of both families has a second line: its IPv6 address and the health there.
json lines_of_backends(const json& backends) {
    if (!backends.is_array()) return backends;
    json lines = json::array();
    for (const json& backend : backends) {
        lines.push_back(backend);
        if (!member(backend, "health6").is_object()) continue;
        json line = member(backend, "health6");
        line["address"] = member(backend, "address6");
        for (const auto& [key, value] : backend.items())
            if (!line.contains(key)) line[key] = " ";
        lines.push_back(std::move(line));
    }
    return lines;
}

std::string render_backends(const json& answer, std::size_t width) {
    return table_of({{{"NAME"}, "name", plain},
                     {{"ADDRESS", false, 3}, "address", plain},
                     {{"POOL", false, 5}, "pool", plain},
                     {{"STATE"}, "state", plain},
                     {{"MODE"}, "mode", plain},
                     {{"WEIGHT", true, 6}, "weight", plain},
                     {{"FLOWS", true, 1}, "flows", count},
                     {{"SAS", true, 1}, "sas", count},
                     {{"RTT", true, 4}, "rtt_us", microseconds},
                     {{"PKTS IN", true, 7}, "packets_to_server", count},
                     {{"PKTS OUT", true, 7}, "packets_to_client", count},
                     {{"BYTES IN", true, 8}, "bytes_to_server", count},
                     {{"BYTES OUT", true, 8}, "bytes_to_client", count},
                     {{"SINCE", false, 9}, "since", plain},
                     {{"REASON", false, 10}, "reason", plain}},
                    lines_of_backends(member(answer, "backends")), "no backends are configured",
                    width);
}

std::string render_flows(const json& answer, std::size_t width) {
    const json& flows = member(answer, "flows");
    std::string text = table_of({{{"CLIENT"}, "client", plain},
                                 {{"PORT", true}, "port", plain},
                                 {{"VIP", false, 3}, "vip", plain},
                                 {{"VIP PORT", true, 2}, "vip_port", plain},
                                 {{"BACKEND"}, "backend", plain},
                                 {{"STATE", false, 1}, "state", plain},
                                 {{"IDLE", true, 4}, "idle_s", duration},
                                 {{"NEXT HOP", false, 6}, "next_hop", plain}},
                                flows, "no flows", width);
    if (member(answer, "truncated") == json(true))
        text += fmt::format("({} of {} flows; --limit N shows more)\n", flows.size(),
                            shown(answer, "total"));
    return text;
}

std::string render_sessions(const json& answer, std::size_t width) {
    const json& sessions = member(answer, "sessions");
    std::string text = table_of({{{"CLIENT"}, "client", plain},
                                 {{"PORT", true}, "port", plain},
                                 {{"SPI I", false, 2}, "spi_i", plain},
                                 {{"SPI R", false, 2}, "spi_r", plain},
                                 {{"SERVICE", false, 5}, "service", plain},
                                 {{"VIP", false, 6}, "vip", plain},
                                 {{"BACKEND"}, "backend", plain},
                                 {{"STATE"}, "state", plain},
                                 {{"AGE", true, 3}, "age_s", age},
                                 {{"IDLE", true, 4}, "idle_s", duration},
                                 {{"MOVES", true, 1}, "moves", plain}},
                                sessions, "no IKE SAs", width);
    if (member(answer, "truncated") == json(true))
        text += fmt::format("(the first {}; --limit N shows more)\n", sessions.size());
    return text;
}

std::string endpoint(const json& address, const json& port) {
    const std::string text = plain(address);
    return text.find(':') == std::string::npos ? text + ":" + plain(port)
                                               : "[" + text + "]:" + plain(port);
}

std::string list_of(std::string_view lead, const json& names) {
    std::string text;
    for (const json& name : names.is_array() ? names : json::array())
        text.append(text.empty() ? lead : ", ").append(plain(name));
    return text;
}

std::string decision_of(const json& answer) {
    const json& drop = member(answer, "drop");
    const json& rule = member(answer, "rule");
    if (!drop.is_null())
        return fmt::format("dropped as {}{}", plain(drop),
                           rule.is_null() ? "" : ", rule " + plain(rule));
    std::string text = fmt::format("to {}, rule {}", shown(answer, "backend"), plain(rule));
    text += list_of(", and as well to ", member(answer, "also"));
    text += list_of(", a copy to ", member(answer, "copies"));
    if (member(answer, "served") == json(false))
        text += "; the VIP is not served here at the moment";
    return text;
}

json with_standing(json rules) {
    bool is_decided = false;
    for (json& rule : rules) {
        if (!rule.is_object()) continue;
        const json& outcome = member(rule, "outcome");
        const bool is_hit = outcome == json("hit") || outcome == json("backend_down");
        if (is_hit) rule["outcome"] = plain(outcome) + (is_decided ? ", next" : ", decides");
        is_decided |= is_hit;
    }
    return rules;
}

std::string render_explain(const json& answer, std::size_t width) {
    const json& answers = member(answer, "answers");
    if (!answers.is_array() || answers.empty()) return "no service has such a VIP\n";
    std::string text;
    for (const json& one : answers) {
        text += fmt::format(
            "{}{} {}, {} -> {}\n  {}\n", text.empty() ? "" : "\n", shown(one, "datagram"),
            shown(one, "spi"), endpoint(member(one, "client"), member(one, "port")),
            endpoint(member(one, "vip"), member(one, "vip_port")), decision_of(one));
        const json& rules = member(one, "rules");
        text += table_of({{{"  RULE"}, "rule", [](const json& rule) { return "  " + plain(rule); }},
                          {{"OUTCOME"}, "outcome", plain},
                          {{"BACKEND"}, "backend", plain},
                          {{"STATE", false, 1}, "state", plain},
                          {{"AGE", true, 3}, "age_s", age},
                          {{"IDLE", true, 2}, "idle_s", duration},
                          {{"MEANING", false, 4}, "help", plain}},
                         rules.is_array() ? with_standing(rules) : rules, "  no rule", width);
        if (const json& otherwise = member(one, "otherwise"); !otherwise.is_null())
            text += fmt::format("  without any of them: dropped as {}\n", plain(otherwise));
    }
    return text;
}

/// The counts above 0, with a title; nothing if all are 0.
std::string table_below(std::string_view title, const std::vector<Field>& fields, const json& rows,
                        const char* key, std::size_t width) {
    const json happened = above_zero(rows, key);
    return happened.empty() ? "" : section(title, table_of(fields, happened, "", width));
}

std::string render_drops(const json& answer, std::size_t width) {
    const json& drops = member(answer, "drops");
    const json happened = above_zero(drops, "packets");
    std::string text = table_of({{{"REASON"}, "reason", plain},
                                 {{"PACKETS", true}, "packets", plain},
                                 {{"MEANING", false, 1}, "help", plain}},
                                happened, "no packets were dropped", width);
    if (!happened.empty() && drops.size() > happened.size())
        text += fmt::format("({} more reasons with no packets)\n", drops.size() - happened.size());
    text += table_below("lost below the workers",
                        {{{"PORT"}, "port", plain},
                         {{"REASON"}, "reason", plain},
                         {{"FRAMES", true}, "frames", plain},
                         {{"MEANING", false, 1}, "help", plain}},
                        member(answer, "ports"), "frames", width);
    return text + table_below("as the drivers count; some are parts of others",
                              {{{"PORT"}, "port", plain},
                               {{"NAME"}, "name", plain},
                               {{"COUNT", true}, "count", plain}},
                              member(answer, "xstats"), "count", width);
}

std::string render_configuration(const json& config) {
    std::string text = fmt::format("configuration  {}, loaded {}\n", shown(config, "file"),
                                   shown(config, "loaded_at"));
    if (const json& fallback = member(config, "fallback"); fallback.is_object())
        text += fmt::format(
            "running        THE LAST GOOD CONFIGURATION, {} of {}; mend the file, "
            "then `ikelbctl reload`: {}\n",
            shown(fallback, "file"), shown(fallback, "saved_at"), shown(config, "error"));
    else if (member(config, "last_reload") == json("failed"))
        text += fmt::format("last reload    FAILED, the configuration before it is running: {}\n",
                            shown(config, "error"));
    return text;
}

/// One client: client persistence, a flow, an IKE SA, two ESP SPIs.
std::string render_memory(const json& bytes) {
    if (!bytes.is_object()) return {};
    const auto part = [&bytes](const char* key) {
        const json& value = member(bytes, key);
        return value.is_number() ? fmt::format("{:.1f}", value.get<double>()) : plain(value);
    };
    return fmt::format(
        "memory         {} B per IPv4 client: {} for bindings, {} flows, {} IKE "
        "SAs, {} ESP SPIs\n"
        "               {} B with what all share: {} under way, {} workers; room "
        "for {} clients\n",
        part("established"), part("bindings"), part("flows"), part("pairs"), part("esp_spis"),
        part("total"), part("passing"), part("workers"), shown(bytes, "clients"));
}

std::string render_restored(const json& restored) {
    if (!restored.is_object()) return {};
    return fmt::format(
        "restored       {} IKE SAs, {} ESP SPIs, {} flows, {} bindings, {} transit "
        "conversations at the start\n",
        shown(restored, "pairs"), shown(restored, "esp_spis"), shown(restored, "flows"),
        shown(restored, "bindings"), shown(restored, "transit"));
}

std::string render_wall(const json& wall) {
    if (!wall.is_object()) return {};
    std::string text = fmt::format("wall           {}\n", shown(wall, "summary"));
    const json& grace = member(wall, "grace_s");
    if (grace.is_number_unsigned() && grace != 0)
        text += fmt::format(
            "               for {} more: TCP that was under way passes to the "
            "servers\n",
            duration(grace));
    return text;
}

std::string render_remarks(const json& remarks) {
    std::string text;
    if (remarks.is_array())
        for (const json& remark : remarks)
            text += fmt::format("warning        {}\n", plain(remark));
    return text;
}

std::string render_status(const json& answer, std::size_t width) {
    std::string text = fmt::format("version        {}\nup for         {}\n",
                                   shown(answer, "version"), duration(member(answer, "uptime_s")));
    text += render_configuration(member(answer, "config"));
    text += fmt::format("huge pages     {}\n", shown(answer, "huge_pages"));
    text += render_memory(member(member(answer, "memory"), "bytes_per_client"));
    text += render_restored(member(answer, "restored"));
    text += render_wall(member(answer, "wall"));
    text += render_remarks(member(answer, "remarks"));
    text += section("services", table_of({{{"NAME"}, "name", plain},
                                          {{"VIP"}, "vip", plain},
                                          {{"SERVED"}, "served", plain},
                                          {{"POOL", false, 2}, "pool", plain},
                                          {{"SCHEDULER", false, 3}, "scheduler", plain},
                                          {{"REASON", false, 1}, "reason", plain}},
                                         member(answer, "services"), "none", width));
    text += section("workers", table_of({{{"ID", true}, "id", plain},
                                         {{"LCORE", true, 2}, "lcore", plain},
                                         {{"CPU", true, 1}, "cpu", plain},
                                         {{"BUSY", true}, "busy_share", percent},
                                         {{"BURSTS", true, 3}, "bursts", count},
                                         {{"PACKETS", true}, "packets", count}},
                                        member(answer, "workers"), "none", width));
    text += section("tables", table_of({{{"NAME"}, "name", plain},
                                        {{"USED", true}, "used", plain},
                                        {{"CAPACITY", true}, "capacity", plain}},
                                       member(answer, "tables"), "none", width));
    for (const char* list : {"ports", "interfaces"})
        text += table_of_anything(list, member(answer, list), width);
    return text;
}

/// "done", or the keys of the answer, one a line, then its lists of objects as tables.
std::string render_done(const json& answer, std::size_t width) {
    if (!answer.is_object() || answer.empty()) return "done\n";
    std::string text, tables;
    for (const auto& [key, value] : answer.items()) {
        const std::string table = table_of_anything(key, value, width);
        tables += table;
        if (table.empty()) text += fmt::format("{}: {}\n", key, plain(value));
    }
    return text + tables;
}

std::string render_ended(const json& answer, std::string_view verb) {
    std::string text;
    for (const json& backend : member(answer, "backends")) {
        const json& tunnels = member(backend, "tunnels");
        text += fmt::format("backend {}: {} tunnel{} {}\n", shown(backend, "name"), plain(tunnels),
                            tunnels == json(1) ? "" : "s", verb);
    }
    return text.empty() ? fmt::format("no tunnels {}\n", verb) : text;
}

std::string render_reload(const json& answer, std::size_t) {
    return fmt::format("reloaded: {}\n", shown(answer, "reloaded")) + render_ended(answer, "ended");
}

std::string render_diff(const json& answer, std::size_t) {
    std::string text;
    for (const json& change : member(answer, "changes")) text += plain(change) + "\n";
    if (text.empty()) return "no changes\n";
    if (member(answer, "needs_restart") == json(true))
        return text + "a reload would refuse this: it needs a restart\n";
    return text + render_ended(answer, "would end");
}

struct Look {
    std::string_view command;
    std::string (*render)(const json& answer, std::size_t width);
};
constexpr Look looks[] = {{"status", render_status},   {"backends", render_backends},
                          {"flows", render_flows},     {"sessions", render_sessions},
                          {"explain", render_explain}, {"drops", render_drops},
                          {"diff", render_diff},       {"reload", render_reload}};

}  // namespace

std::string short_number(double value) {
    constexpr std::array units{"", "k", "M", "G", "T", "P", "E"};
    std::size_t unit = 0;
    // 999.5 and more would round to four digits.
    while (std::abs(value) >= (unit == 0 ? 1000 : 999.5) && unit + 1 < units.size()) {
        value /= 1000;
        ++unit;
    }
    if (unit == 0) return fmt::format("{:.0f}", value);
    const int decimals = std::abs(value) < 9.995 ? 2 : std::abs(value) < 99.95 ? 1 : 0;
    return fmt::format("{:.{}f}{}", value, decimals, units[unit]);
}

std::string short_duration(double seconds) {
    const auto total = static_cast<long long>(std::max(seconds, 0.0));
    const long long minutes = total / 60;
    const long long hours = minutes / 60;
    const long long days = hours / 24;
    if (days > 0) return fmt::format("{}d {}h", days, hours % 24);
    if (hours > 0) return fmt::format("{}h {}m", hours, minutes % 60);
    if (minutes > 0) return fmt::format("{}m", minutes);
    return fmt::format("{}s", total);
}

std::string render(std::string_view command, const json& answer, std::size_t width) {
    for (const Look& look : looks)
        if (look.command == command) return look.render(answer, width);
    return render_done(answer, width);
}

}  // namespace ikelb::ctl
