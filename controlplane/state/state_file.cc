// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/state/state_file.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>
#include <utility>

#include "controlplane/state/record_words.h"

namespace ikelb::state {
namespace {

// The code below swaps no bytes.
static_assert(std::endian::native == std::endian::little);

using Word = std::uint64_t;
using Bytes = std::vector<std::uint8_t>;

constexpr std::array<char, sizeof(Word)> magic{'i', 'k', 'e', 'l', 'b', '-', 's', 't'};

/// Words of the head, in order.
enum Head : std::size_t {
    head_magic,
    head_version,
    head_file_bytes,  ///< of the whole file
    head_checksum,    ///< over the words behind the head, then over the head without this word
    head_saved_at,    ///< seconds since 1970
    head_k0,
    head_k1,
    head_name_bytes,
    head_pairs,
    head_flows,
    head_persistences,
    head_esp,
    head_transit,  ///< since version 3
    head_rivals,   ///< since version 4
    head_words
};
using HeadWords = std::array<Word, head_words>;
static_assert(sizeof(HeadWords) == head_bytes);

constexpr std::size_t buffer_bytes = std::size_t{1} << 18;
constexpr std::int64_t latest_time = 253402300799;  // the last second of the year 9999

/// Each step is one to one in the word and in the sum: one damaged word, or several bytes of it,
/// always changes the result.
constexpr Word mix(Word sum, Word word) noexcept {
    sum = (sum ^ word) * 0x9e3779b97f4a7c15ULL;
    return sum ^ (sum >> 32);
}

constexpr std::size_t head_words_of(Word version) noexcept {
    if (version < 3) return head_transit;
    return version < 4 ? head_rivals : head_words;
}

Word mix_head(Word sum, const HeadWords& head) noexcept {
    for (std::size_t i = 0; i < head_words_of(head[head_version]); ++i)
        if (i != head_checksum) sum = mix(sum, head[i]);
    return sum;
}

void put_number(Bytes& out, std::size_t number, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
}

void put_text(Bytes& out, const std::string& text) {
    assert(text.size() <= std::numeric_limits<std::uint8_t>::max());
    out.push_back(static_cast<std::uint8_t>(text.size()));
    out.insert(out.end(), text.begin(), text.end());
}

void put_address(Bytes& out, const net::IpAddress& address) {
    out.insert(out.end(), address.bytes().begin(), address.bytes().end());
}

/// Padded to whole words.
Bytes names_of(const Facts& facts) {
    Bytes out;
    for (const std::size_t count : {facts.backends.size(), facts.frontends.size(),
                                    facts.services.size(), facts.gateways.size()})
        put_number(out, count, 2);
    for (const SavedBackend& backend : facts.backends) {
        put_text(out, backend.name);
        put_address(out, backend.address);
        put_number(out, static_cast<std::size_t>(backend.mode), 1);
    }
    for (const SavedFrontend& frontend : facts.frontends) {
        put_address(out, frontend.vip);
        put_number(out, frontend.port, 2);
    }
    for (const std::string& service : facts.services) put_text(out, service);
    for (const SavedGateway& gateway : facts.gateways) {
        put_text(out, gateway.interface);
        put_address(out, gateway.address);
    }
    out.resize((out.size() + sizeof(Word) - 1) / sizeof(Word) * sizeof(Word));
    return out;
}

bool read_names(std::span<const std::uint8_t> bytes, Facts& facts) {
    ByteReader in{bytes};
    const std::size_t backends = in.number(2), frontends = in.number(2), services = in.number(2),
                      gateways = in.number(2);
    if (backends > forwarding::max_backends || frontends > forwarding::max_frontends ||
        services > forwarding::max_services || gateways > forwarding::max_gateways)
        return false;
    for (std::size_t i = 0; i < backends && in.is_good(); ++i) {
        SavedBackend& backend = facts.backends.emplace_back();
        backend.name = in.text();
        backend.address = in.address();
        const std::size_t mode = in.number(1);
        if (mode > static_cast<std::size_t>(forwarding::Mode::disabled)) return false;
        backend.mode = static_cast<forwarding::Mode>(mode);
    }
    for (std::size_t i = 0; i < frontends && in.is_good(); ++i) {
        SavedFrontend& frontend = facts.frontends.emplace_back();
        frontend.vip = in.address();
        frontend.port = static_cast<std::uint16_t>(in.number(2));
    }
    for (std::size_t i = 0; i < services && in.is_good(); ++i) facts.services.push_back(in.text());
    for (std::size_t i = 0; i < gateways && in.is_good(); ++i) {
        SavedGateway& gateway = facts.gateways.emplace_back();
        gateway.interface = in.text();
        gateway.address = in.address();
    }
    return in.is_good() && in.is_padding_only(sizeof(Word));
}

RecordCounts counts_of(const HeadWords& head) noexcept {
    return {.ike_sas = head[head_pairs],
            .flows = head[head_flows],
            .rivals = head[head_rivals],
            .persistences = head[head_persistences],
            .esp = head[head_esp],
            .transit = head[head_transit]};
}

/// Whether names and records fill the file exactly. The file's numbers may have any value.
bool is_length_right(const HeadWords& head, std::size_t size) noexcept {
    std::size_t left = size - head_words_of(head[head_version]) * sizeof(Word);
    const auto take = [&left](Word count, std::size_t words) {
        const std::size_t bytes = words * sizeof(Word);
        if (count > left / bytes) return false;
        left -= static_cast<std::size_t>(count) * bytes;
        return true;
    };
    return head[head_name_bytes] % sizeof(Word) == 0 &&
           take(head[head_name_bytes] / sizeof(Word), 1) &&
           take(head[head_pairs], pair_words(head[head_version])) &&
           take(head[head_flows], flow_words) && take(head[head_rivals], rival_words) &&
           take(head[head_persistences], binding_words) && take(head[head_esp], esp_words) &&
           take(head[head_transit], transit_words) && left == 0;
}

}  // namespace

Encoder::Encoder(const Facts& facts, Sink sink)
    : sink_{std::move(sink)},
      saved_at_{facts.saved_at.time_since_epoch().count()},
      hash_key_{facts.hash_key} {
    buffer_.reserve(buffer_bytes);
    const Bytes names = names_of(facts);
    name_bytes_ = names.size();
    for (ByteReader in{names}; !in.is_at_end();) put(in.word());
}

void Encoder::put(Word word) {
    checksum_ = mix(checksum_, word);
    bytes_ += sizeof word;
    const std::size_t at = buffer_.size();
    buffer_.resize(at + sizeof word);
    std::memcpy(buffer_.data() + at, &word, sizeof word);
    if (buffer_.size() >= buffer_bytes) flush();
}

/// The 16 bytes as on the wire.
void Encoder::put(const net::IpAddress& address) {
    std::array<Word, 2> words;
    std::memcpy(words.data(), address.bytes().data(), sizeof words);
    for (const Word word : words) put(word);
}

void Encoder::flush() {
    if (!buffer_.empty()) sink_(buffer_);
    buffer_.clear();
}

void Encoder::add(const SavedIkeSa& ike_sa) {
    assert(counts_.flows == 0 && counts_.persistences == 0);
    put(ike_sa.initiator_spi);
    put(ike_sa.responder_spi);
    put(pack(ike_sa.record, static_cast<std::uint8_t>(ike_sa.state), ike_sa.service));
    put(ike_sa.peer);
    put(ike_sa.began);
    ++counts_.ike_sas;
}

void Encoder::add(const SavedFlow& flow, std::span<const SavedRival> rivals) {
    assert(counts_.persistences == 0 && counts_.esp == 0 &&
           rivals.size() <= sessions::Rivals::most);
    put(flow.client);
    put(Word{flow.client_port} | Word{flow.frontend} << 16 | Word{rivals.size()} << 32);
    put(pack(flow.record, static_cast<std::uint8_t>(flow.standing), flow.gateway));
    for (const SavedRival& rival : rivals)
        put(pack(rival.record, static_cast<std::uint8_t>(rival.standing), 0));
    ++counts_.flows;
    counts_.rivals += rivals.size();
}

void Encoder::add(const SavedPersistence& persistence) {
    assert(counts_.esp == 0);
    put(persistence.client);
    put(Word{persistence.service});
    put(pack(persistence.record, 0, 0));
    ++counts_.persistences;
}

void Encoder::add(const SavedEsp& esp) {
    assert(counts_.transit == 0);
    put(esp.client);
    put(Word{esp.spi} | Word{esp.is_shared} << 32);
    put(pack(esp.record, esp.rank, esp.tag));
    ++counts_.esp;
}

void Encoder::add(const SavedTransit& transit) {
    put(transit.key.inside);
    put(transit.key.outside);
    put(Word{transit.key.inside_port} | Word{transit.key.outside_port} << 16 |
        Word{transit.key.protocol} << 32);
    put(Word{transit.left} | static_cast<Word>(transit.progress) << 32);
    ++counts_.transit;
}

std::array<std::uint8_t, head_bytes> Encoder::finish() {
    flush();
    HeadWords head{};
    std::memcpy(&head[head_magic], magic.data(), magic.size());
    head[head_version] = format_version;
    head[head_file_bytes] = head_bytes + bytes_;
    head[head_saved_at] = static_cast<Word>(saved_at_);
    head[head_k0] = hash_key_.k0;
    head[head_k1] = hash_key_.k1;
    head[head_name_bytes] = name_bytes_;
    head[head_pairs] = counts_.ike_sas;
    head[head_flows] = counts_.flows;
    head[head_persistences] = counts_.persistences;
    head[head_esp] = counts_.esp;
    head[head_transit] = counts_.transit;
    head[head_rivals] = counts_.rivals;
    head[head_checksum] = mix_head(checksum_, head);
    std::array<std::uint8_t, head_bytes> bytes;
    std::memcpy(bytes.data(), head.data(), bytes.size());
    return bytes;
}

void add_all(const State& state, Encoder& encoder) {
    for (const SavedIkeSa& ike_sa : state.ike_sas) encoder.add(ike_sa);
    std::span<const SavedRival> rivals{state.rivals};
    for (const SavedFlow& flow : state.flows) {
        encoder.add(flow, rivals.first(flow.rivals));
        rivals = rivals.subspan(flow.rivals);
    }
    for (const SavedPersistence& persistence : state.persistences) encoder.add(persistence);
    for (const SavedEsp& esp : state.esp) encoder.add(esp);
    for (const SavedTransit& transit : state.transit) encoder.add(transit);
}

std::vector<std::uint8_t> encode(const State& state) {
    Bytes bytes(head_bytes);
    Encoder encoder{state.facts, [&bytes](std::span<const std::uint8_t> piece) {
                        bytes.insert(bytes.end(), piece.begin(), piece.end());
                    }};
    add_all(state, encoder);
    const auto head = encoder.finish();
    std::ranges::copy(head, bytes.begin());
    return bytes;
}

Result<State> decode(std::span<const std::uint8_t> bytes) {
    if (bytes.empty()) return Error{"it is empty"};
    HeadWords head{};
    std::memcpy(head.data(), bytes.data(), std::min(bytes.size(), head_bytes));
    if (std::memcmp(head.data(), magic.data(), std::min(bytes.size(), magic.size())) != 0)
        return Error{"it is no state file of ikelb"};
    const Word version = head[head_version];
    const bool is_cut_off = bytes.size() < 2 * sizeof(Word);
    if (!is_cut_off && (version < oldest_format_version || version > format_version))
        return Error{"it is of format version " + std::to_string(version) +
                     ", and this ikelbd reads versions " + std::to_string(oldest_format_version) +
                     " to " + std::to_string(format_version)};
    const std::size_t own_head_bytes = head_words_of(version) * sizeof(Word);
    if (is_cut_off || bytes.size() < own_head_bytes)
        return Error{"it is cut off after " + std::to_string(bytes.size()) + " bytes"};
    // An older head is shorter: these words are its names.
    for (std::size_t i = head_words_of(version); i < head_words; ++i) head[i] = 0;
    if (head[head_file_bytes] != bytes.size())
        return Error{"it has " + std::to_string(bytes.size()) + " bytes instead of " +
                     std::to_string(head[head_file_bytes])};
    if (!is_length_right(head, bytes.size())) return Error{"it is damaged: its parts overlap"};
    const auto body = bytes.subspan(own_head_bytes);
    Word sum = 0;
    for (ByteReader in{body}; !in.is_at_end();) sum = mix(sum, in.word());
    if (mix_head(sum, head) != head[head_checksum])
        return Error{"it is damaged: its checksum is wrong"};

    State state;
    const auto saved_at = static_cast<std::int64_t>(head[head_saved_at]);
    state.facts.saved_at = std::chrono::sys_seconds{std::chrono::seconds{saved_at}};
    state.facts.hash_key = {.k0 = head[head_k0], .k1 = head[head_k1]};
    const auto names = body.first(static_cast<std::size_t>(head[head_name_bytes]));
    const auto records = body.subspan(names.size());
    const auto read = version < 4 ? read_old_records : read_records;
    if (saved_at < 0 || saved_at > latest_time || !read_names(names, state.facts) ||
        !read(records, counts_of(head), state))
        return Error{"it holds what no ikelbd writes"};
    return state;
}

}  // namespace ikelb::state
