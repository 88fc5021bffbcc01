// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

namespace ikelb::api {

/// Why a command was not carried out. `status`: an HTTP status of 400 and more; `message`: a
/// sentence that says what is wrong and, where there is something, what to type.
struct CommandError {
    unsigned status = 500;
    std::string message;
};

/// The body of the answer, or the error. Not a boost::system::result: nlohmann's json converts to
/// everything, which makes each return ambiguous there.
class CommandResult {
public:
    CommandResult(nlohmann::json body) : value_{std::in_place_index<0>, std::move(body)} {}
    CommandResult(CommandError error) : value_{std::in_place_index<1>, std::move(error)} {}

    explicit operator bool() const noexcept { return value_.index() == 0; }
    /// Only if there is no error.
    const nlohmann::json& body() const { return std::get<0>(value_); }
    /// Only if there is one.
    const CommandError& error() const { return std::get<1>(value_); }

private:
    std::variant<nlohmann::json, CommandError> value_;
};

/// Both drains keep established tunnels; they differ in what a returning client finds.
enum class DrainMode : std::uint8_t {
    keep,    ///< clients that are recorded here keep coming; nobody new does
    refuse,  ///< returning clients go elsewhere as well
};

/// Which flows to list.
struct FlowFilter {
    std::optional<std::string> client;  ///< only this address; valid and in canonical form
    std::size_t limit = 1000;           ///< at most so many rows, 1..100000
};

/// Which IKE SAs to list, and where to go on.
struct SessionFilter {
    std::optional<std::string> client;   ///< only of this ADDRESS/LENGTH
    std::optional<std::uint64_t> spi;    ///< only with this IKE SPI, or of who uses this ESP SPI
    std::optional<std::string> backend;  ///< only on this one
    std::size_t from = 0;                ///< "next" of the answer before
    std::size_t limit = 1000;            ///< stop at about so many rows
};

/// A client's datagram, as far as it is known.
struct ExplainQuery {
    std::string client;                  ///< an address in canonical form
    std::optional<std::uint16_t> port;   ///< nullopt: as without a NAT, 500 and 4500
    std::optional<std::string> vip;      ///< nullopt: every one of the client's family
    std::optional<std::uint64_t> initiator_spi;  ///< not 0
    std::optional<std::uint64_t> responder_spi;  ///< not 0; only beside the initiator's
    std::optional<std::uint32_t> esp_spi;        ///< 256 and more
};

/// What the admin API can ask of the daemon. Every call comes on the control thread and is answered
/// before it returns. An exception becomes a 500 with its text. The shape of each answer is in
/// routes.h, beside its route.
class Commands {
public:
    virtual ~Commands() = default;
    virtual CommandResult status() = 0;
    virtual CommandResult backends() = 0;
    virtual CommandResult flows(const FlowFilter& filter) = 0;
    virtual CommandResult sessions(const SessionFilter& filter) = 0;
    virtual CommandResult explain(const ExplainQuery& query) = 0;
    virtual CommandResult drops() = 0;
    virtual CommandResult version() = 0;
    virtual CommandResult drain(const std::string& backend, DrainMode mode) = 0;
    virtual CommandResult enable(const std::string& backend) = 0;
    virtual CommandResult disable(const std::string& backend) = 0;
    /// `file`: a path as the daemon sees it, absolute; nullopt: that of its own configuration.
    virtual CommandResult diff(const std::optional<std::string>& file) = 0;
    virtual CommandResult reload() = 0;
    /// `file`: a path as the daemon sees it, absolute.
    virtual CommandResult check(const std::string& file) = 0;
};

}  // namespace ikelb::api
