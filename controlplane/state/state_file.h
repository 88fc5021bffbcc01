// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Theory of operation. What a restart has to know, as bytes: a head of fixed size, the names of
// all that records point at, then the records. Records name a backend, frontend, service or
// gateway by its place in those lists, never by an index of the process that wrote the file; an age
// stands for every time, as clocks start anew. The head holds the length and a checksum of all
// else, so whatever was cut off or damaged is refused whole. Every number is little-endian, and so
// is the order of an SPI's bytes within its number: in the file they stand as on the wire.
//
// Pure: no file, no clock, no directory. snapshot.h fills a state from the running daemon and takes
// it up again; disk.h puts the bytes on a disk.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <boost/system/result.hpp>

#include "dataplane/forwarding/forwarding_table.h"
#include "dataplane/net/address.h"
#include "dataplane/net/hash.h"
#include "dataplane/sessions/ike_sa.h"
#include "dataplane/sessions/records.h"
#include "dataplane/wall/transit.h"
#include "dataplane/wall/upper.h"

namespace ikelb::state {

/// Why bytes are no state to start from: one line for the log.
struct Error {
    std::string message;
};

template <class T>
using Result = boost::system::result<T, Error>;

struct SavedBackend {
    std::string name;
    net::IpAddress address;
    forwarding::Mode mode = forwarding::Mode::enabled;  ///< as the operator wanted it
    friend bool operator==(const SavedBackend&, const SavedBackend&) = default;
};

struct SavedFrontend {
    net::IpAddress vip;
    std::uint16_t port = 0;  ///< host byte order
    friend bool operator==(const SavedFrontend&, const SavedFrontend&) = default;
};

struct SavedGateway {
    std::string interface;
    net::IpAddress address;
    friend bool operator==(const SavedGateway&, const SavedGateway&) = default;
};

/// Everything but the records. Records point into these lists.
struct Facts {
    std::chrono::sys_seconds saved_at{};
    net::HashKey hash_key{};
    std::vector<SavedBackend> backends{};
    std::vector<SavedFrontend> frontends{};
    std::vector<std::string> services{};
    std::vector<SavedGateway> gateways{};  ///< at most forwarding::max_gateways
};

/// What the kinds of records have in common.
struct SavedRecord {
    std::uint32_t age = 0;      ///< seconds since it was last seen, when it was saved
    std::uint16_t backend = 0;  ///< place in Facts::backends
    friend bool operator==(const SavedRecord&, const SavedRecord&) = default;
};

struct SavedPair {
    std::uint64_t initiator_spi = 0;  ///< its bytes in memory as on the wire
    std::uint64_t responder_spi = 0;
    SavedRecord record{};
    sessions::SaState state = sessions::SaState::half_open;
    std::uint8_t service = 0;  ///< place in Facts::services
    /// As sessions::Peer packs it, but for `created`, which is an age in its unit; 0: nothing
    /// noted.
    std::uint64_t peer = 0;
    std::uint64_t began = 0;  ///< as sessions::Began packs it
    friend bool operator==(const SavedPair&, const SavedPair&) = default;
};

/// A backend that stands beside a flow.
struct SavedRival {
    SavedRecord record{};
    sessions::Standing standing = sessions::Standing::called;
    friend bool operator==(const SavedRival&, const SavedRival&) = default;
};

struct SavedFlow {
    /// No gateway, and the client itself; else 1 + the place in Facts::gateways.
    static constexpr std::uint8_t no_gateway = forwarding::no_gateway;
    static constexpr std::uint8_t on_link = forwarding::on_link_client;

    net::IpAddress client;
    std::uint16_t client_port = 0;
    std::uint16_t frontend = 0;  ///< place in Facts::frontends
    SavedRecord record{};
    sessions::Standing standing = sessions::Standing::called;
    std::uint8_t gateway = no_gateway;
    std::uint8_t rivals = 0;  ///< so many of State::rivals are its own; at most Rivals::most
    friend bool operator==(const SavedFlow&, const SavedFlow&) = default;
};

struct SavedBinding {
    net::IpAddress client;
    std::uint16_t service = 0;  ///< place in Facts::services
    SavedRecord record{};
    friend bool operator==(const SavedBinding&, const SavedBinding&) = default;
};

struct SavedEsp {
    net::IpAddress client;
    std::uint32_t spi = 0;  ///< a number, at least 256
    SavedRecord record{};   ///< its age: since its backend was heard
    std::uint8_t rank = 0;  ///< of its claim, as the tag
    std::uint8_t tag = 0;
    bool is_shared = false;
    friend bool operator==(const SavedEsp&, const SavedEsp&) = default;
};

/// A conversation by transit. It belongs to no backend and no service, and keeps its place whatever
/// becomes of those.
struct SavedTransit {
    wall::TransitKey key{};
    std::uint32_t left = 0;  ///< seconds without a packet until its end, when it was saved
    wall::Progress progress = wall::Progress::asked;
    friend bool operator==(const SavedTransit&, const SavedTransit&) = default;
};

struct State {
    Facts facts{};
    std::vector<SavedPair> pairs{};
    std::vector<SavedFlow> flows{};
    std::vector<SavedRival> rivals{};  ///< those of the first flow, of the second, ...
    std::vector<SavedBinding> bindings{};
    std::vector<SavedEsp> esp{};
    std::vector<SavedTransit> transit{};
};

/// What is written. Version 2, which had no transit, and version 3, whose records said less of a
/// backend's standing, are read as well.
inline constexpr std::uint64_t format_version = 4;
inline constexpr std::uint64_t oldest_format_version = 2;
inline constexpr std::size_t head_bytes = 112;

/// How many records of each kind a file has, as it says itself: any number.
struct RecordCounts {
    std::uint64_t pairs = 0;
    std::uint64_t flows = 0;
    std::uint64_t rivals = 0;  ///< of all flows; they stand behind theirs
    std::uint64_t bindings = 0;
    std::uint64_t esp = 0;
    std::uint64_t transit = 0;
};

/// Makes the bytes of a state piece by piece, so that millions of records need no memory of their
/// own. First all pairs, then all flows, then all bindings, then all ESP SPIs, then all transit.
/// Threads: one at a time.
class Encoder {
public:
    /// Is given the bytes behind the head, in order.
    using Sink = std::function<void(std::span<const std::uint8_t>)>;

    Encoder(const Facts& facts, Sink sink);
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;

    void add(const SavedPair& pair);
    void add(const SavedFlow& flow, std::span<const SavedRival> rivals);
    void add(const SavedBinding& binding);
    void add(const SavedEsp& esp);
    void add(const SavedTransit& transit);

    /// Gives the rest to the sink and returns the head, which goes in front of all.
    std::array<std::uint8_t, head_bytes> finish();

    const RecordCounts& counts() const noexcept { return counts_; }

private:
    void put(std::uint64_t word);
    void put(const net::IpAddress& address);
    void flush();

    Sink sink_;
    std::int64_t saved_at_;
    net::HashKey hash_key_;
    std::vector<std::uint8_t> buffer_;
    std::uint64_t checksum_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t name_bytes_ = 0;
    RecordCounts counts_;
};

/// Each record of a state, in the order that an encoder wants.
void add_all(const State& state, Encoder& encoder);

/// All bytes of a state.
std::vector<std::uint8_t> encode(const State& state);

/// Reads what encode() or a Encoder wrote, and the older versions' files. Every place in
/// the result is within its list.
Result<State> decode(std::span<const std::uint8_t> bytes);

}  // namespace ikelb::state
