// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/api/routes.h"

#include <array>
#include <cstddef>

#include "config/text/hex.h"

namespace ikelb::api {
namespace {

constexpr std::array<Route, 13> table{{
    {RouteId::status, Method::get, "/v1/status", "", "",
     "what the daemon is doing: configuration, workers, ports, services, tables",
     R"({"version","uptime_s","config":{"file","loaded_at","last_reload":"ok|failed","error",)"
     R"("fallback":{"file","saved_at"}},)"
     R"("workers":[{"id","lcore","cpu","busy_share","bursts","packets"}],)"
     R"("ports":[{"name","device","driver","queues","link":"up|down",)"
     R"("lost_in_driver","lost_in_device","xstats":[{"name","count"}],"spreads_by"}],)"
     R"("interfaces":[...],)"
     R"("services":[{"name","vip","served","reason","pool","scheduler"}],)"
     R"("wall":{"transit":"closed|open","allow_rules","grace_s","summary"},"remarks":[...],)"
     R"("tables":[{"name","used","capacity"}],"memory":{"bytes_per_client":{...}},)"
     R"("restored":{"pairs","esp_spis","flows","bindings","transit"},"huge_pages":bool})"},
    {RouteId::backends, Method::get, "/v1/backends", "", "",
     "the backends: health, drain mode, flows, SAs, traffic",
     R"({"backends":[{"name","address","address6","aliases":{"SERVICE":"ADDRESS"},"pool",)"
     R"("state":"up|down|checking","health6":{"state","rtt_us","since","reason"} or null,)"
     R"("mode":"enabled|drain_keep|drain_refuse|disabled","weight","flows","sas","rtt_us",)"
     R"("since","reason","packets_to_server","packets_to_client","bytes_to_server",)"
     R"("bytes_to_client"}]})"},
    {RouteId::flows, Method::get, "/v1/flows", "client limit", "",
     "the flows: which client is on which backend",
     R"({"flows":[{"client","port","vip","vip_port","backend","state","idle_s",)"
     R"("next_hop"}],"total":N,"truncated":bool})"},
    {RouteId::sessions, Method::get, "/v1/sessions", "client spi backend from limit", "",
     "the IKE SAs: whose, on which backend, since when; a slice, the next one is from=NEXT",
     R"({"sessions":[{"client","port","spi_i","spi_r","service","vip","backend","state",)"
     R"("age_s","idle_s","moves"}],"next":N or null})"},
    {RouteId::explain, Method::get, "/v1/explain", "client port vip spi esp", "",
     "where a client's packet would go, by which rule, and what the other rules say",
     R"({"answers":[{"datagram","spi","client","port","service","vip","vip_port","served",)"
     R"("backend","rule","drop","also":["BACKEND"],"copies":["BACKEND"],"rules":[)"
     R"({"rule","help","outcome":"hit|miss|backend_down","backend","state","age_s","idle_s"}],)"
     R"("otherwise"}]})"},
    {RouteId::drops, Method::get, "/v1/drops", "", "",
     "dropped packets by reason, and frames lost below by port",
     R"({"drops":[{"reason","help","packets"}],"ports":[{"port","reason","help","frames"}],)"
     R"("xstats":[{"port","name","count"}]})"},
    {RouteId::version, Method::get, "/v1/version", "", "", "the daemon's version",
     R"({"version",...})"},
    {RouteId::drain, Method::post, "/v1/backends/{name}/drain", "",
     R"({"mode":"keep|refuse"}, keep if left out)",
     "send no new clients to a backend, keep its tunnels", "an object, possibly empty"},
    {RouteId::enable, Method::post, "/v1/backends/{name}/enable", "", "",
     "end a drain or disable: the backend gets new clients again", "an object, possibly empty"},
    {RouteId::disable, Method::post, "/v1/backends/{name}/disable", "", "",
     "take a backend out of service at once, tunnels included", "an object, possibly empty"},
    {RouteId::diff, Method::get, "/v1/diff", "file", "",
     "what a reload would change, and how many tunnels it would end; changes nothing",
     R"({"file","changes":["..."],"needs_restart":bool,"tunnels":N,)"
     R"("backends":[{"name","tunnels"}]})"},
    {RouteId::reload, Method::post, "/v1/reload", "", "",
     "read the configuration file again and apply it; says how many tunnels that ended",
     R"({"reloaded":"FILE","tunnels":N,"backends":[{"name","tunnels"}]})"},
    {RouteId::check, Method::post, "/v1/check", "", R"({"file":"/absolute/path"})",
     "check a configuration file without applying it", "an object, possibly empty"},
}};

constexpr bool in_order() {
    for (std::size_t i = 0; i < table.size(); ++i)
        if (static_cast<std::size_t>(table[i].id) != i) return false;
    return true;
}
static_assert(in_order());

constexpr std::string_view name_placeholder = "{name}";

bool is_unreserved(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string_view to_string(Method method) noexcept {
    return method == Method::get ? "GET" : "POST";
}

std::span<const Route> routes() noexcept {
    return table;
}

const Route& route(RouteId id) noexcept {
    return table[static_cast<std::size_t>(id)];
}

std::string path_of(RouteId id, std::string_view name) {
    std::string path{route(id).path};
    const std::size_t at = path.find(name_placeholder);
    if (at != std::string::npos) path.replace(at, name_placeholder.size(), percent_encode(name));
    return path;
}

std::optional<std::string> match_path(const Route& candidate, std::string_view path) {
    const std::size_t at = candidate.path.find(name_placeholder);
    if (at == std::string_view::npos)
        return candidate.path == path ? std::optional<std::string>{std::in_place} : std::nullopt;
    const std::string_view before = candidate.path.substr(0, at);
    const std::string_view after = candidate.path.substr(at + name_placeholder.size());
    if (path.size() <= before.size() + after.size() || !path.starts_with(before) ||
        !path.ends_with(after))
        return std::nullopt;
    const auto name = path.substr(before.size(), path.size() - before.size() - after.size());
    if (name.find('/') != std::string_view::npos) return std::nullopt;
    return percent_decode(name);
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        if (is_unreserved(c)) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += digits[byte >> 4];
        encoded += digits[byte & 15];
    }
    return encoded;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        const auto byte = text::parse_hex_byte(text.substr(i + 1, 2));
        if (byte.value_or(0) == 0) return std::nullopt;
        decoded += static_cast<char>(*byte);
        i += 2;
    }
    return decoded;
}

std::optional<std::string> query_value(std::string_view query, std::string_view key) {
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        const std::size_t equals = pair.find('=');
        if (pair.substr(0, equals) == key)
            return percent_decode(equals == std::string_view::npos ? std::string_view{}
                                                                   : pair.substr(equals + 1));
        if (end == std::string_view::npos) break;
        query.remove_prefix(end + 1);
    }
    return std::nullopt;
}

}  // namespace ikelb::api
