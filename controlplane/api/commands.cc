// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/api/commands.h"

#include <algorithm>
#include <boost/url/encode.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/src.hpp>  // all of Boost.URL: no library of it to link
#include <cstddef>

namespace ikelb::api {
namespace {

constexpr Argument a_backend{.name = "backend",
                             .place = Place::path,
                             .form = "BACKEND",
                             .help = "a backend's name, see ikelbctl backends",
                             .is_required = true};
constexpr std::string_view an_object = "an object, possibly empty";

constexpr std::string_view status_note =
    "USED is counted by walks over the tables, each some seconds long and more with large\n"
    "limits. CAPACITY is in slots: a third more than `limits` in the configuration says, so\n"
    "that each record finds one, and a share for what no server has confirmed yet.";
constexpr std::string_view backends_note =
    "FLOWS and SAS are counted by walks over the tables, each some seconds long and more with\n"
    "large limits. A tunnel counts until its server has been silent for timeouts.flow, or for\n"
    "timeouts.delete_hint if its last word was a delete.";
constexpr std::string_view sessions_note =
    "AGE is exact to about two minutes; from 46 hours on it says that it is more. A rekey of an\n"
    "IKE SA makes a new one. One that both ends have deleted is listed for timeouts.delete_hint\n"
    "at most, as closing.";
constexpr std::string_view drain_note =
    "The server is empty once its SAS in ikelbctl backends are 0 and ikelbctl sessions has none.\n"
    "With refuse it comes to that as its clients leave or log in anew; with keep its own come\n"
    "back, and it is empty only when they all have left.";
constexpr std::string_view diff_note =
    "A tunnel ends if its server is no longer reached where it has it: the backend, the service\n"
    "or the address is gone. Counted as SAS in ikelbctl backends. A reload refuses changes that\n"
    "need a restart.";

constexpr std::array table{
    Command{
        .name = "status",
        .path = "/v1/status",
        .summary = "what the daemon is doing: configuration, workers, ports, services, tables",
        .note = status_note,
        .answer =
            R"({"version","uptime_s","config":{"file","loaded_at","last_reload":"ok|failed",)"
            R"("error","fallback":{"file","saved_at"}},)"
            R"("workers":[{"id","lcore","cpu","busy_share","bursts","packets"}],)"
            R"("ports":[{"name","device","driver","queues","link":"up|down",)"
            R"("lost_in_driver","lost_in_device","xstats":[{"name","count"}],"spreads_by"}],)"
            R"("interfaces":[...],)"
            R"("services":[{"name","vip","served","reason","pool","scheduler"}],)"
            R"("wall":{"transit":"closed|open","allow_rules","grace_s","summary"},"remarks":[...],)"
            R"("tables":[{"name","used","capacity"}],"memory":{"bytes_per_client":{...}},)"
            R"("restored":{"pairs","esp_spis","flows","bindings","transit"},"huge_pages":bool})"},
    Command{
        .name = "backends",
        .path = "/v1/backends",
        .summary = "the backends: health, drain mode, flows, SAs, traffic",
        .note = backends_note,
        .answer =
            R"({"backends":[{"name","address","address6","aliases":{"SERVICE":"ADDRESS"},"pool",)"
            R"("state":"up|down|checking","health6":{"state","rtt_us","since","reason"} or null,)"
            R"("mode":"enabled|drain_keep|drain_refuse|disabled","weight","flows","sas","rtt_us",)"
            R"("since","reason","packets_to_server","packets_to_client","bytes_to_server",)"
            R"("bytes_to_client"}]})"},
    Command{.name = "flows",
            .path = "/v1/flows",
            .summary = "the flows: which client is on which backend",
            .arguments = {{{.name = "client",
                            .kind = Kind::address,
                            .form = "ADDRESS",
                            .help = "only flows of this client"},
                           {.name = "limit",
                            .kind = Kind::number,
                            .form = "N",
                            .help = "list at most so many flows",
                            .preset = "1000",
                            .most = 100000}}},
            .answer = R"({"flows":[{"client","port","vip","vip_port","backend","state","idle_s",)"
                      R"("next_hop"}],"total":N,"truncated":bool})"},
    Command{
        .name = "sessions",
        .path = "/v1/sessions",
        .summary = "the IKE SAs: whose, on which backend, since when; a slice, the next one is "
                   "from=NEXT",
        .arguments = {{{.name = "client",
                        .kind = Kind::prefix,
                        .form = "ADDRESS[/LENGTH]",
                        .help = "only those of this client or network"},
                       {.name = "spi",
                        .kind = Kind::spi,
                        .form = "SPI",
                        .help = "only with this IKE SPI, of either side, or of those who use this "
                                "ESP SPI; in hexadecimal"},
                       {.name = "backend", .form = "BACKEND", .help = "only those on this backend"},
                       {.name = "from", .kind = Kind::place, .place = Place::api_only},
                       {.name = "limit",
                        .kind = Kind::number,
                        .form = "N",
                        .help = "list at most so many IKE SAs",
                        .preset = "1000",
                        .most = 100001}}},  // one more than ikelbctl shows
        .note = sessions_note,
        .answer =
            R"({"sessions":[{"client","port","spi_i","spi_r","service","vip","backend","state",)"
            R"("age_s","idle_s","moves"}],"next":N or null})"},
    Command{
        .name = "explain",
        .path = "/v1/explain",
        .summary = "where a client's packet would go, by which rule, and what the other rules say",
        .arguments = {{{.name = "client",
                        .kind = Kind::endpoint,
                        .form = "ADDRESS[:PORT]",
                        .help = "the client's address and port; ports 500 and 4500 if left out",
                        .is_required = true},
                       {.name = "port", .kind = Kind::number, .place = Place::api_only},
                       {.name = "vip",
                        .kind = Kind::address,
                        .form = "ADDRESS",
                        .help = "the address it connects to; all if left out"},
                       {.name = "spi",
                        .kind = Kind::spi_pair,
                        .form = "SPIi[:SPIr]",
                        .help = "the SPIs of its IKE SA in hexadecimal; without the second, its "
                                "first request"},
                       {.name = "esp",
                        .kind = Kind::esp_spi,
                        .form = "SPI",
                        .help = "the ESP SPI it sends with, in hexadecimal"}}},
        .note = "AGE is as exact as in ikelbctl sessions.",
        .answer =
            R"({"answers":[{"datagram","spi","client","port","service","vip","vip_port","served",)"
            R"("backend","rule","drop","also":["BACKEND"],"copies":["BACKEND"],"rules":[)"
            R"({"rule","help","outcome":"hit|miss|backend_down","backend","state","age_s",)"
            R"("idle_s"}],"otherwise"}]})"},
    Command{
        .name = "drops",
        .path = "/v1/drops",
        .summary = "dropped packets by reason, and frames lost below by port",
        .answer =
            R"({"drops":[{"reason","help","packets"}],)"
            R"("ports":[{"port","reason","help","frames"}],"xstats":[{"port","name","count"}]})"},
    Command{.name = "drain",
            .method = Method::post,
            .path = "/v1/backends/{name}/drain",
            .summary = "send no new clients to a backend, keep its tunnels",
            .arguments = {{a_backend,
                           {.name = "mode",
                            .kind = Kind::choice,
                            .form = "keep|refuse",
                            .help = "whether returning clients may still come here (keep) or go "
                                    "elsewhere (refuse)",
                            .preset = "keep"}}},
            .note = drain_note,
            .body = R"({"mode":"keep|refuse"}, keep if left out)",
            .answer = an_object},
    Command{.name = "enable",
            .method = Method::post,
            .path = "/v1/backends/{name}/enable",
            .summary = "end a drain or disable: the backend gets new clients again",
            .arguments = {{a_backend}},
            .answer = an_object},
    Command{.name = "disable",
            .method = Method::post,
            .path = "/v1/backends/{name}/disable",
            .summary = "take a backend out of service at once, tunnels included",
            .arguments = {{a_backend}},
            .answer = an_object},
    Command{
        .name = "diff",
        .path = "/v1/diff",
        .summary = "what a reload would change, and how many tunnels it would end; changes nothing",
        .arguments = {{{.name = "file",
                        .kind = Kind::file,
                        .place = Place::positional,
                        .form = "FILE",
                        .help = "a configuration file; the daemon's own if left out"}}},
        .note = diff_note,
        .answer = R"({"file","changes":["..."],"needs_restart":bool,"tunnels":N,)"
                  R"("backends":[{"name","tunnels"}]})"},
    Command{.name = "reload",
            .method = Method::post,
            .path = "/v1/reload",
            .summary =
                "read the configuration file again and apply it; says how many tunnels that ended",
            .answer = R"({"reloaded":"FILE","tunnels":N,"backends":[{"name","tunnels"}]})"},
    Command{.name = "version",
            .path = "/v1/version",
            .summary = "the daemon's version",
            .answer = R"({"version",...})"},
    Command{.name = "check",
            .method = Method::post,
            .path = "/v1/check",
            .summary = "check a configuration file without applying it",
            .arguments = {{{.name = "file",
                            .kind = Kind::file,
                            .place = Place::positional,
                            .form = "FILE",
                            .help = "the configuration file",
                            .is_required = true}}},
            .body = R"({"file":"/absolute/path"})",
            .answer = an_object,
            .alone = "check a configuration file; needs no running daemon and changes nothing"},
};

constexpr std::string_view name_placeholder = "{name}";

}  // namespace

std::string_view to_string(Method method) noexcept {
    return method == Method::get ? "GET" : "POST";
}

std::span<const Argument> Command::list() const noexcept {
    const auto end = std::ranges::find(arguments, std::string_view{}, &Argument::name);
    return {arguments.begin(), end};
}

const Argument* Command::find(std::string_view argument) const noexcept {
    const auto known = list();
    const auto at = std::ranges::find(known, argument, &Argument::name);
    return at == known.end() ? nullptr : &*at;
}

std::string Command::parameters() const {
    std::string names;
    for (const Argument& argument : list())
        if (method == Method::get && argument.place != Place::path)
            names.append(names.empty() ? "" : " ").append(argument.name);
    return names;
}

std::span<const Command> commands() noexcept {
    return table;
}

std::string path_of(const Command& command, std::string_view name) {
    std::string path{command.path};
    const std::size_t at = path.find(name_placeholder);
    if (at != std::string::npos) path.replace(at, name_placeholder.size(), percent_encode(name));
    return path;
}

std::optional<std::string> match_path(const Command& command, std::string_view path) {
    const std::size_t at = command.path.find(name_placeholder);
    if (at == std::string_view::npos)
        return command.path == path ? std::optional<std::string>{std::in_place} : std::nullopt;
    const std::string_view before = command.path.substr(0, at);
    const std::string_view after = command.path.substr(at + name_placeholder.size());
    if (path.size() <= before.size() + after.size() || !path.starts_with(before) ||
        !path.ends_with(after))
        return std::nullopt;
    const auto name = path.substr(before.size(), path.size() - before.size() - after.size());
    if (name.find('/') != std::string_view::npos) return std::nullopt;
    return percent_decode(name);
}

std::string percent_encode(std::string_view text) {
    return boost::urls::encode(text, boost::urls::unreserved_chars);
}

std::optional<std::string> percent_decode(std::string_view text) {
    const auto checked = boost::urls::make_pct_string_view(text);
    if (!checked) return std::nullopt;
    std::string plain = checked->decode();
    if (plain.find('\0') != std::string::npos) return std::nullopt;
    return plain;
}

}  // namespace ikelb::api
