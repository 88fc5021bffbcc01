// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Theory of operation. The state for a restart, as bytes: a head of fixed size, the names that
// records point at, then the records. A record names a backend, frontend, service or gateway by its
// place in those lists, never by an index of the process that wrote the file. Ages stand for times,
// as clocks start anew. The head holds the length and a checksum of all else, so a cut or damaged
// file is refused whole. Every number is little-endian, and so is the order of an SPI's bytes
// within its number: the file has them as on the wire.
//
// Pure: no file, no clock, no session tables. snapshot.h fills a state from the running daemon,
// restore.h takes it up again; disk.h puts the bytes on a disk.

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

/// The fault of a refused state: one line for the log.
struct Error {
    std::string message;
};

template <class T>
using Result = boost::system::result<T, Error>;

struct SavedBackend {
    std::string name;
    net::IpAddress address;
    forwarding::Mode mode = forwarding::Mode::enabled;  ///< the operator's setting
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

/// Everything but the records, which point into these lists.
struct Facts {
    std::chrono::sys_seconds saved_at{};
    net::HashKey hash_key{};
    std::vector<SavedBackend> backends{};
    std::vector<SavedFrontend> frontends{};
    std::vector<std::string> services{};
    std::vector<SavedGateway> gateways{};  ///< at most forwarding::max_gateways
};

struct SavedRecord {
    std::uint32_t age = 0;      ///< seconds between the last sight and the save
    std::uint16_t backend = 0;  ///< place in Facts::backends
    friend bool operator==(const SavedRecord&, const SavedRecord&) = default;
};

struct SavedIkeSa {
    std::uint64_t initiator_spi = 0;  ///< its bytes in memory as on the wire
    std::uint64_t responder_spi = 0;
    SavedRecord record{};
    sessions::SaState state = sessions::SaState::half_open;
    std::uint8_t service = 0;  ///< place in Facts::services
    /// As sessions::Peer packs it, but `created` is an age in its unit; 0: nothing noted.
    std::uint64_t peer = 0;
    std::uint64_t began = 0;  ///< as sessions::Began packs it
    friend bool operator==(const SavedIkeSa&, const SavedIkeSa&) = default;
};

struct SavedRival {
    SavedRecord record{};
    sessions::Standing standing = sessions::Standing::called;
    friend bool operator==(const SavedRival&, const SavedRival&) = default;
};

struct SavedFlow {
    /// Also means the client itself; else 1 + the place in Facts::gateways.
    static constexpr std::uint8_t no_gateway = forwarding::no_gateway;
    static constexpr std::uint8_t on_link = forwarding::on_link_client;

    net::IpAddress client;
    std::uint16_t client_port = 0;
    std::uint16_t frontend = 0;  ///< place in Facts::frontends
    SavedRecord record{};
    sessions::Standing standing = sessions::Standing::called;
    std::uint8_t gateway = no_gateway;
    std::uint8_t rivals = 0;  ///< the flow's entries in State::rivals; at most Rivals::most
    friend bool operator==(const SavedFlow&, const SavedFlow&) = default;
};

struct SavedPersistence {
    net::IpAddress client;
    std::uint16_t service = 0;  ///< place in Facts::services
    SavedRecord record{};
    friend bool operator==(const SavedPersistence&, const SavedPersistence&) = default;
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

/// A conversation by transit. It belongs to no backend and no service, and outlives theirs.
struct SavedTransit {
    wall::TransitKey key{};
    std::uint32_t left = 0;  ///< seconds from the save to its end without a packet
    wall::Progress progress = wall::Progress::asked;
    friend bool operator==(const SavedTransit&, const SavedTransit&) = default;
};

struct State {
    Facts facts{};
    std::vector<SavedIkeSa> ike_sas{};
    std::vector<SavedFlow> flows{};
    std::vector<SavedRival> rivals{};  ///< of the first flow, then of the second, ...
    std::vector<SavedPersistence> persistences{};
    std::vector<SavedEsp> esp{};
    std::vector<SavedTransit> transit{};
};

/// The written version. Older versions are read too: version 2 has no transit, version 3 says less
/// of a backend's standing.
inline constexpr std::uint64_t format_version = 4;
inline constexpr std::uint64_t oldest_format_version = 2;
inline constexpr std::size_t head_bytes = 112;

/// The file's own numbers of records, of any value.
struct RecordCounts {
    std::uint64_t ike_sas = 0;
    std::uint64_t flows = 0;
    std::uint64_t rivals = 0;  ///< of all flows; each flow's stand together
    std::uint64_t persistences = 0;
    std::uint64_t esp = 0;
    std::uint64_t transit = 0;
};

/// Writes a state piece by piece, so that millions of records need no memory of their own. The
/// order: IKE SAs, flows, client persistence, ESP SPIs, transit. One thread at a time.
class Encoder {
public:
    /// Takes the bytes behind the head, in order.
    using Sink = std::function<void(std::span<const std::uint8_t>)>;

    Encoder(const Facts& facts, Sink sink);
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;

    void add(const SavedIkeSa& ike_sa);
    void add(const SavedFlow& flow, std::span<const SavedRival> rivals);
    void add(const SavedPersistence& persistence);
    void add(const SavedEsp& esp);
    void add(const SavedTransit& transit);

    /// Gives the rest to the sink and returns the head, the first bytes of the file.
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

/// Adds the records in the encoder's order.
void add_all(const State& state, Encoder& encoder);

std::vector<std::uint8_t> encode(const State& state);

/// Reads files of this and of older versions. Every place in the result is within its list.
Result<State> decode(std::span<const std::uint8_t> bytes);

}  // namespace ikelb::state
