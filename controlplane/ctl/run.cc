// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/ctl/run.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <boost/algorithm/string.hpp>
#include <nlohmann/json.hpp>

#include "config/document_schema.h"
#include "config/load.h"
#include "config/nearest.h"
#include "config/scalar.h"
#include "config/schema.h"
#include "config/wall_summary.h"
#include "controlplane/api/commands.h"
#include "controlplane/ctl/admin_client.h"
#include "controlplane/ctl/command_line.h"
#include "controlplane/ctl/completion.h"
#include "controlplane/ctl/render.h"

namespace ikelb::ctl {
namespace {

using nlohmann::json;

/// A reload builds tables of any size and makes a kernel request for each address and route.
constexpr std::chrono::seconds patience{30};

struct Terminal {
    std::ostream& out;
    std::ostream& err;
    std::size_t width;
};

ExitStatus complain(const Terminal& terminal, ExitStatus status, std::string_view message) {
    terminal.err << "ikelbctl: " << message << "\n";
    return status;
}

std::string to_text(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string parameter(std::string_view name, std::string_view value) {
    return fmt::format("&{}={}", name, api::percent_encode(value));
}

/// The parameters of ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT.
std::string client_and_port(const std::string& client) {
    std::size_t end = client.find(':');
    std::string address = client.substr(0, end);
    if (client.starts_with('[')) {
        end = std::min(client.find(']'), client.size());
        address = client.substr(1, end - 1);
        end = client.compare(end, 2, "]:") == 0 ? end + 1 : std::string::npos;
    } else if (end != std::string::npos && client.find(':', end + 1) != std::string::npos) {
        return parameter("client", client);
    }
    return (address.empty() ? std::string{} : parameter("client", address)) +
           (end == std::string::npos ? "" : parameter("port", client.substr(end + 1)));
}

std::string parameter_of(const api::Argument& argument, const std::string& value) {
    switch (argument.kind) {
        case api::Kind::endpoint: return client_and_port(value);
        case api::Kind::file:
            return parameter(argument.name, std::filesystem::absolute(value).string());
        // CLI11 has checked the number and reads 0x10 as 16.
        case api::Kind::number:
            return parameter(argument.name, std::to_string(std::stoull(value, nullptr, 0)));
        default: return parameter(argument.name, value);
    }
}

/// The path and the parameters, without the limit of a command with slices.
std::string target_of(const api::Command& command, const Invocation& invocation) {
    std::string name, query;
    for (const api::Argument& argument : command.list()) {
        if (argument.place == api::Place::api_only) continue;
        const std::string& value = invocation.values.at(std::string{argument.name});
        const bool is_slice = argument.kind == api::Kind::number && command.find("from") != nullptr;
        if (argument.place == api::Place::path)
            name = value;
        else if (command.method == api::Method::get && !value.empty() && !is_slice)
            query += parameter_of(argument, value);
    }
    if (!query.empty()) query.front() = '?';
    return api::path_of(command, name) + query;
}

std::string body_of(const api::Command& command, const Invocation& invocation) {
    if (command.body.empty()) return {};
    json body = json::object();
    for (const api::Argument& argument : command.list())
        if (argument.place != api::Place::path)
            body[argument.name] = invocation.values.at(std::string{argument.name});
    return to_text(body);
}

std::string names_of(const json& answer) {
    std::string names;
    for (const json& backend : answer.value("backends", json::array()))
        names += backend.value("name", "") + "\n";
    return names;
}

boost::system::result<AdminAnswer, ClientError> ask(const api::Command& command,
                                                    const Invocation& invocation,
                                                    const std::string& target) {
    return ask_daemon(invocation.socket, command.method, target, body_of(command, invocation),
                      patience);
}

/// Asks for slices until there are enough rows or no more. The list of rows has the command's name.
boost::system::result<AdminAnswer, ClientError> ask_for_slices(const api::Command& command,
                                                               const Invocation& invocation) {
    const std::size_t limit = std::stoull(invocation.values.at("limit"), nullptr, 0);
    json all = json::array();
    std::uint64_t from = 0;
    const std::string target = target_of(command, invocation);
    const std::string joint = target.find('?') == std::string::npos ? "?" : "&";
    // One row more than is shown tells that there are more.
    while (all.size() <= limit) {
        auto answer =
            ask(command, invocation,
                fmt::format("{}{}from={}&limit={}", target, joint, from, limit + 1 - all.size()));
        if (!answer || answer->status != 200) return answer;
        const json slice = json::parse(answer->body, nullptr, false);
        const auto rows = slice.is_object() ? slice.find(command.name) : slice.end();
        if (rows == slice.end() || !rows->is_array()) return answer;
        all.insert(all.end(), rows->begin(), rows->end());
        const auto next = slice.find("next");
        if (next == slice.end() || !next->is_number_unsigned() || *next <= from) break;
        from = next->get<std::uint64_t>();
    }
    const bool is_cut = all.size() > limit;
    if (is_cut) all.erase(all.begin() + static_cast<std::ptrdiff_t>(limit), all.end());
    const json whole{{command.name, std::move(all)}, {"truncated", is_cut}};
    return AdminAnswer{.status = 200, .body = to_text(whole) + "\n"};
}

ExitStatus run_daemon_command(const api::Command& command, const Invocation& invocation,
                              const Terminal& terminal) {
    const bool is_version = command.name == "version";
    // First, as the daemon may not answer.
    if (is_version && !invocation.json)
        terminal.out << "ikelbctl: " IKELB_VERSION "\n" << std::flush;
    const auto answer = command.find("from") != nullptr
                            ? ask_for_slices(command, invocation)
                            : ask(command, invocation, target_of(command, invocation));
    if (!answer) return complain(terminal, ExitStatus::unreachable, answer.error().message);

    const json body = json::parse(answer->body, nullptr, false);
    if (!body.is_object())
        return complain(terminal, ExitStatus::unreachable,
                        fmt::format("what answers at {} is not ikelbd", invocation.socket));
    const bool ok = answer->status >= 200 && answer->status < 300;
    if (invocation.json) terminal.out << answer->body;
    if (!ok) {
        const auto message = body.find("error");
        return complain(terminal, ExitStatus::refused,
                        message != body.end() && message->is_string()
                            ? message->get<std::string>()
                            : fmt::format("the daemon answered with status {}", answer->status));
    }
    if (invocation.json) return ExitStatus::done;
    if (invocation.names)
        terminal.out << names_of(body);
    else if (is_version)
        terminal.out << "ikelbd: " << body.value("version", "unknown") << "\n";
    else
        terminal.out << render(command.name, body, terminal.width);
    return ExitStatus::done;
}

/// Reads the file alone: neither a daemon nor NICs.
ExitStatus run_check(const std::string& file, bool wants_json, const Terminal& terminal) {
    const auto loaded = config::load_file(file);
    const config::Findings& findings = loaded ? loaded->warnings : loaded.error();
    const std::string wall = loaded ? config::wall_summary(loaded->config) : std::string{};
    if (wants_json) {
        json list = json::array();
        for (const config::Finding& one : findings.list)
            list.push_back(
                {{"severity", one.severity == config::Severity::error ? "error" : "warning"},
                 {"line", one.line},
                 {"path", one.path},
                 {"message", one.message}});
        terminal.out << to_text({{"file", file},
                                 {"ok", loaded.has_value()},
                                 {"findings", std::move(list)},
                                 {"wall", loaded ? json(wall) : json()}})
                     << "\n";
    } else {
        terminal.err << findings.to_string();
        if (loaded) terminal.out << file << ": ok\n" << wall << "\n";
    }
    return loaded ? ExitStatus::done : ExitStatus::refused;
}

/// Asks no daemon.
ExitStatus explain_key(const std::string& path, bool wants_json, const Terminal& terminal) {
    const config::Key* key = config::find_key(path);
    if (key == nullptr) {
        std::vector<std::string_view> paths;
        for (const config::Key& one : config::all_keys()) paths.push_back(one.path);
        return complain(terminal, ExitStatus::refused,
                        fmt::format("there is no key {}{}", config::in_quotes(path),
                                    config::did_you_mean(path, paths)));
    }
    if (wants_json)
        terminal.out << to_text({{"key", key->path},
                                 {"form", config::describe_form(*key)},
                                 {"default", key->initial},
                                 {"purpose", key->purpose},
                                 {"live_tunnels", config::effect_in_full(*key)},
                                 {"applied", key->apply == config::live ? "live" : "restart"}})
                     << "\n";
    else
        terminal.out << config::explain_key(*key);
    return ExitStatus::done;
}

/// Of the daemon that the words being completed name; none without one.
std::vector<std::string> backend_names(const std::vector<std::string>& words,
                                       const std::string& socket) {
    const auto given = std::ranges::find(words, "--socket");
    const auto answer = ask_daemon(words.end() - given > 1 ? given[1] : socket, api::Method::get,
                                   "/v1/backends", "", std::chrono::seconds{1});
    std::vector<std::string> names;
    if (!answer || answer->status != 200) return names;
    boost::split(names, names_of(json::parse(answer->body, nullptr, false)),
                 boost::is_any_of("\n"));
    names.pop_back();
    return names;
}

ExitStatus run_parsed(const CLI::App& app, const Invocation& invocation, const Terminal& terminal) {
    const std::string name = app.get_subcommands().front()->get_name();
    if (name == "check") return run_check(invocation.values.at("file"), invocation.json, terminal);
    if (name == "completion") {
        terminal.out << completion_script(invocation.values.at("shell"));
        return ExitStatus::done;
    }
    if (name == "explain" && !invocation.values.at("key").empty())
        return explain_key(invocation.values.at("key"), invocation.json, terminal);
    if (name == "explain" && invocation.values.at("client").empty())
        return complain(terminal, ExitStatus::usage,
                        "write --client ADDRESS or a KEY; ikelbctl explain --help tells of both");
    for (const api::Command& command : api::commands())
        if (name == command.name) return run_daemon_command(command, invocation, terminal);
    return complain(terminal, ExitStatus::usage, "unknown command " + name);
}

}  // namespace

ExitStatus run_ikelbctl(int argc, const char* const* argv, std::ostream& out, std::ostream& err,
                        std::size_t width) noexcept {
    const Terminal terminal{out, err, width};
    try {
        Invocation invocation;
        const auto app = make_command_line(invocation);
        if (argc > 1 && std::string_view{argv[1]} == "complete") {
            const std::vector<std::string> words(argv + 2, argv + argc);
            out << complete(*app, words, [&] { return backend_names(words, invocation.socket); });
            return ExitStatus::done;
        }
        try {
            app->parse(argc, argv);
        } catch (const CLI::ParseError& stop) {  // --help and --version come this way, too
            // CLI11 says only that a command is required, even after a wrong one.
            if (app->get_subcommands().empty() && !app->remaining().empty())
                return complain(terminal, ExitStatus::usage,
                                fmt::format("\"{}\" is no command; ikelbctl --help lists them",
                                            app->remaining().front()));
            return app->exit(stop, out, err) == 0 ? ExitStatus::done : ExitStatus::usage;
        }
        return run_parsed(*app, invocation, terminal);
    } catch (const std::exception& failure) {
        return complain(terminal, ExitStatus::refused, failure.what());
    }
}

}  // namespace ikelb::ctl
