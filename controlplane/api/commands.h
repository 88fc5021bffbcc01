// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// The one list of the daemon's commands. The server finds a command by its path and checks its
// arguments; ikelbctl makes a subcommand of it with options, help and completion; docs/ikelbctl.md
// prints the list. controlplane/daemon/commands.cc carries commands out. ikelbctl shows an answer
// as keys and tables, unless controlplane/ctl/render.cc has its own form.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ikelb::api {

enum class Method : std::uint8_t { get, post };

std::string_view to_string(Method method) noexcept;

/// The required form of an argument's text.
enum class Kind : std::uint8_t {
    name,      ///< anything
    choice,    ///< one of the words of its form, "keep|refuse"
    file,      ///< a path, absolute as the daemon gets it
    address,   ///< an IP address
    endpoint,  ///< the same; ikelbctl takes :PORT behind it, for the argument "port"
    prefix,    ///< an IP address or ADDRESS/LENGTH
    number,    ///< from 1 to Argument::most
    place,     ///< the begin of a slice: "next" of the slice before
    spi,       ///< an IKE SPI, in hexadecimal
    spi_pair,  ///< the initiator's SPI, or SPIi:SPIr
    esp_spi,
};

/// The source of the argument on ikelbctl's command line. The API takes all but path names as
/// parameters of a GET, or as strings in the JSON object of a POST's body.
enum class Place : std::uint8_t {
    option,
    positional,
    path,      ///< a positional argument that fills {name} in the path
    api_only,  ///< ikelbctl has none
};

struct Argument {
    std::string_view name{};  ///< of the parameter or the key; of the option with -- before it
    Kind kind = Kind::name;
    Place place = Place::option;
    std::string_view form{};  ///< as --help shows it
    std::string_view help{};
    bool is_required = false;
    std::string_view preset{};  ///< for an absent argument; empty: no preset
    std::uint64_t most = 65535;
};

struct Command {
    std::string_view name;  ///< of the subcommand
    Method method = Method::get;
    std::string_view path;                ///< one segment may be {name}
    std::string_view summary;             ///< one line for --help and the documents
    std::array<Argument, 5> arguments{};  ///< arguments behind the last have no name
    std::string_view note{};              ///< explains the columns
    std::string_view body{};              ///< the body to send; empty: no body
    std::string_view answer;              ///< the shape of a 200
    std::string_view alone{};  ///< summary of ikelbctl's own work; empty: it asks the daemon

    std::span<const Argument> list() const noexcept;
    const Argument* find(std::string_view argument) const noexcept;
    /// The parameters of a GET, separated by blanks.
    std::string parameters() const;
};

/// In the order of the help.
std::span<const Command> commands() noexcept;

/// The path of a command, with {name} filled in and percent-encoded (RFC 3986).
std::string path_of(const Command& command, std::string_view name = {});

/// The name in `path` if the path is this command's, empty for a command without {name}; nothing
/// for another path. Decodes percent-encoding.
std::optional<std::string> match_path(const Command& command, std::string_view path);

std::string percent_encode(std::string_view text);
/// Nothing if an escape is malformed, or for a NUL.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace ikelb::api
