// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/state/state_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "config/text/address.h"
#include "tests/unit/state_testlib.h"

namespace ikelb::state {
namespace {

using Bytes = std::vector<std::uint8_t>;

void expect_equal(const State& found, const State& expected) {
    EXPECT_EQ(found.facts.saved_at, expected.facts.saved_at);
    EXPECT_EQ(found.facts.hash_key.k0, expected.facts.hash_key.k0);
    EXPECT_EQ(found.facts.hash_key.k1, expected.facts.hash_key.k1);
    EXPECT_EQ(found.facts.backends, expected.facts.backends);
    EXPECT_EQ(found.facts.frontends, expected.facts.frontends);
    EXPECT_EQ(found.facts.services, expected.facts.services);
    EXPECT_EQ(found.facts.gateways, expected.facts.gateways);
    EXPECT_EQ(found.ike_sas, expected.ike_sas);
    EXPECT_EQ(found.flows, expected.flows);
    EXPECT_EQ(found.rivals, expected.rivals);
    EXPECT_EQ(found.persistences, expected.persistences);
    EXPECT_EQ(found.esp, expected.esp);
    EXPECT_EQ(found.transit, expected.transit);
}

std::string refusal(const Bytes& bytes) {
    const auto state = decode(bytes);
    return state ? std::string{} : state.error().message;
}

/// The words that the format puts at fixed places of the head.
constexpr std::size_t version_at = 8, pairs_at = 64, flows_at = 72;

std::uint64_t word_at(const Bytes& bytes, std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    return word;
}
void set_word(Bytes& bytes, std::size_t at, std::uint64_t word) {
    std::memcpy(bytes.data() + at, &word, sizeof word);
}

TEST(StateFile, ReadsBackWhatWasWritten) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        const State state = testlib::RandomState{seed}.make(seed < 190 ? 50 : 40'000);
        const Bytes bytes = encode(state);
        const auto read = decode(bytes);
        ASSERT_TRUE(read.has_value()) << read.error().message;
        expect_equal(*read, state);
        EXPECT_EQ(encode(*read), bytes);
    }
}

TEST(StateFile, ReadsBackTheHashKeyAlone) {
    const State state{.facts = {.hash_key = {.k0 = 1, .k1 = 2}}};
    const auto read = decode(encode(state));
    ASSERT_TRUE(read.has_value());
    expect_equal(*read, state);
}

TEST(StateFile, RefusesEveryTruncation) {
    const Bytes whole = encode(testlib::small_state());
    ASSERT_EQ(refusal(whole), "");
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_NE(refusal({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)}), "")
            << length;
    EXPECT_EQ(refusal({}), "it is empty");
    EXPECT_EQ(refusal({whole.begin(), whole.begin() + 20}), "it is cut off after 20 bytes");
    EXPECT_EQ(refusal({whole.begin(), whole.begin() + 200}),
              "it has 200 bytes instead of " + std::to_string(whole.size()));
}

TEST(StateFile, RefusesEveryDamagedByte) {
    const Bytes whole = encode(testlib::small_state());
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (int flip = 1; flip < 256; ++flip) {
            Bytes damaged = whole;
            damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ flip);
            ASSERT_NE(refusal(damaged), "") << "byte " << at << " ^ " << flip;
        }
}

TEST(StateFile, RefusesSwappedAndRepeatedParts) {
    State state = testlib::small_state();
    for (std::uint64_t i = 0; i < 20; ++i) {
        state.ike_sas.push_back(state.ike_sas.front());
        state.ike_sas.back().initiator_spi += i;
    }
    const Bytes whole = encode(state);
    for (std::size_t a = head_bytes; a + 48 <= whole.size(); a += 24) {
        Bytes swapped = whole;
        const auto begin = swapped.begin() + static_cast<std::ptrdiff_t>(a);
        std::swap_ranges(begin, begin + 24, begin + 24);
        EXPECT_TRUE(swapped == whole || !refusal(swapped).empty()) << a;
    }
    Bytes longer = whole;
    longer.resize(whole.size() + 24);
    EXPECT_NE(refusal(longer), "");
}

TEST(StateFile, RefusesOtherVersionsAndForeignFiles) {
    const Bytes whole = encode(testlib::small_state());
    for (const std::uint64_t version :
         {std::uint64_t{0}, oldest_format_version - 1, format_version + 1, ~std::uint64_t{0}}) {
        Bytes other = whole;
        set_word(other, version_at, version);
        EXPECT_EQ(refusal(other), "it is of format version " + std::to_string(version) +
                                      ", and this ikelbd reads versions 2 to 4");
    }
    const std::string text = "ports:\n  - {name: wan}\n";
    EXPECT_EQ(refusal({text.begin(), text.end()}), "it is no state file of ikelb");
    EXPECT_EQ(refusal(Bytes(4096)), "it is no state file of ikelb");
}

/// testlib::old_state() as an ikelbd wrote it that knew no transit: words, little-endian.
constexpr std::uint64_t version_2_file[] = {
    0x74732d626c656b69, 0x0000000000000002, 0x0000000000000138, 0xf7353f51d09f177b,
    0x000000006553f100, 0x1122334455667788, 0x99aabbccddeeff00, 0x0000000000000060,
    0x0000000000000001, 0x0000000000000001, 0x0000000000000001, 0x0000000000000001,
    0x0001000100010002, 0x0000317361727205, 0x0000000000000000, 0x01000b00140affff,
    0x0000000000000062, 0x00140affff000000, 0x000000000000010c, 0x00cbffff00000000,
    0x766f610511940a71, 0x0000747865036e70, 0x0000000000000000, 0x0000fe6433c6ffff,
    0x0102030405060708, 0xa1a2a3a4a5a6a7a8, 0x0002000100000005, 0x0000000000000000,
    0x076433c6ffff0000, 0x0000000000001194, 0x0101000000000007, 0x0000000000000000,
    0x076433c6ffff0000, 0x0000000000000000, 0x0002000100000009, 0x00000000b80d0120,
    0x0700000000000000, 0x00000000c0ffee01, 0x0002000100000003,
};

Bytes version_2() {
    Bytes bytes(sizeof version_2_file);
    std::memcpy(bytes.data(), version_2_file, bytes.size());
    return bytes;
}

TEST(StateFile, ReadsFilesFromBeforeTransit) {
    const auto read = decode(version_2());
    ASSERT_TRUE(read.has_value()) << read.error().message;
    expect_equal(*read, testlib::old_state());
    const auto again = decode(encode(*read));
    ASSERT_TRUE(again.has_value());
    expect_equal(*again, testlib::old_state());
}

TEST(StateFile, RefusesDamagedFilesFromBeforeTransit) {
    const Bytes whole = version_2();
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_NE(refusal({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)}), "")
            << length;
    for (std::size_t at = 0; at < whole.size(); ++at) {
        Bytes damaged = whole;
        damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ 1);  // of the version: 2 becomes 3
        EXPECT_NE(refusal(damaged), "") << at;
    }
}

/// The code that each record had in versions 2 and 3.
enum OldState : std::uint8_t { half_open, answered, established, closing, tentative };

/// A file of version 3, with the names of version_2(): the head, those, then the records' words.
class OldFile {
public:
    void ike_sa(std::uint64_t spi_i, OldState state) { add(ike_sas, {spi_i, 7, record(0, state)}); }
    void flow(std::uint32_t client, std::uint16_t port, std::uint16_t backend, OldState state) {
        add(flows, {0, of(client), port, record(backend, state)});
    }
    void persistence(std::uint32_t client, OldState state) {
        add(persistences, {0, of(client), 0, record(0, state)});
    }
    void esp(std::uint32_t client, std::uint32_t spi, std::uint16_t backend) {
        add(claims, {0, of(client), spi, record(backend, established)});
    }
    void transit(OldState state) {
        add(conversations, {0, of(1), 0, of(2), 6ull << 32, 5 | std::uint64_t{state} << 32});
    }
    Bytes bytes() const {
        constexpr std::size_t names_at = 12, names_end = 24, checksum = 3;
        std::vector<std::uint64_t> words(version_2_file, version_2_file + names_at);
        words[1] = 3;
        words[8] = ike_sas.size() / 3;
        words[9] = flows.size() / 4;
        words[10] = persistences.size() / 4;
        words[11] = claims.size() / 4;
        words.push_back(conversations.size() / 6);
        const std::size_t head = words.size();
        words.insert(words.end(), version_2_file + names_at, version_2_file + names_end);
        for (const auto* part : {&ike_sas, &flows, &persistences, &claims, &conversations})
            words.insert(words.end(), part->begin(), part->end());
        words[2] = words.size() * sizeof(std::uint64_t);
        std::uint64_t sum = 0;
        const auto mix = [&sum](std::uint64_t word) {
            sum = (sum ^ word) * 0x9e3779b97f4a7c15ULL;
            sum ^= sum >> 32;
        };
        for (std::size_t i = head; i < words.size(); ++i) mix(words[i]);
        for (std::size_t i = 0; i < head; ++i)
            if (i != checksum) mix(words[i]);
        words[checksum] = sum;
        Bytes bytes(words[2]);
        std::memcpy(bytes.data(), words.data(), bytes.size());
        return bytes;
    }

private:
    using Words = std::vector<std::uint64_t>;
    static void add(Words& part, const Words& words) {
        part.insert(part.end(), words.begin(), words.end());
    }
    static std::uint64_t record(std::uint16_t backend, OldState state) {
        return 9 | std::uint64_t{backend} << 32 | std::uint64_t{state} << 48;
    }
    /// The second word of an IPv4 address as 16 bytes.
    static std::uint64_t of(std::uint32_t address) {
        return 0xffff0000 | std::uint64_t{net::be32::from_host(address).wire()} << 32;
    }

    Words ike_sas, flows, persistences, claims, conversations;
};

TEST(StateFile, AnOlderFilesRecordsSayWhatTheySaid) {
    OldFile file;
    for (const OldState state : {half_open, answered, established, closing, tentative}) {
        file.ike_sa(1u + state, state);
        file.flow(10u + state, 4500, 0, state);
        file.persistence(10u + state, state);
        file.transit(state);
    }
    const auto read = decode(file.bytes());
    ASSERT_TRUE(read.has_value()) << read.error().message;
    const std::vector sa_states{sessions::SaState::half_open, sessions::SaState::answered,
                                sessions::SaState::established, sessions::SaState::closing,
                                sessions::SaState::established};
    ASSERT_EQ(read->ike_sas.size(), sa_states.size());
    for (std::size_t i = 0; i < sa_states.size(); ++i) {
        EXPECT_EQ(read->ike_sas[i].state, sa_states[i]);
        EXPECT_EQ(read->ike_sas[i].peer, 0u);
        EXPECT_EQ(read->ike_sas[i].began, 0u) << "nobody saw its INIT";
    }
    ASSERT_EQ(read->flows.size(), 4u) << "one that had only begun was nobody's";
    EXPECT_EQ(read->flows[0].standing, sessions::Standing::nominated);
    for (std::size_t i = 1; i < 4; ++i)
        EXPECT_EQ(read->flows[i].standing, sessions::Standing::spoke);
    ASSERT_EQ(read->persistences.size(), 3u) << "logins under way bind nobody";
    EXPECT_EQ(read->persistences[0].client, net::IpAddress::from_v4_host(12));
    ASSERT_EQ(read->transit.size(), 5u);
    EXPECT_EQ(read->transit[half_open].progress, wall::Progress::asked);
    EXPECT_EQ(read->transit[established].progress, wall::Progress::answered);
    EXPECT_EQ(read->transit[closing].progress, wall::Progress::closing);
}

TEST(StateFile, AnOlderFilesClaimsAreOfNoPortAndRankedBySpi) {
    OldFile file;
    file.flow(1, 4501, 1, tentative);
    file.esp(1, 0x1000, 1);
    file.esp(2, 0x1000, 0);
    file.esp(2, 0x2000, 0);
    file.esp(3, 0x1000, 1);
    const auto read = decode(file.bytes());
    ASSERT_TRUE(read.has_value()) << read.error().message;
    ASSERT_EQ(read->esp.size(), 4u);
    EXPECT_EQ(read->esp[0].tag, 0);
    EXPECT_EQ(read->esp[0].rank, 1);
    EXPECT_EQ(read->esp[1].rank, 0);
    EXPECT_EQ(read->esp[2].rank, 0);
    EXPECT_EQ(read->esp[3].rank, 1) << "claims of one backend share theirs";
}

TEST(StateFile, RefusesCountsThatTheLengthDoesNotHold) {
    const Bytes whole = encode(testlib::small_state());
    for (const std::uint64_t count : {std::uint64_t{2}, std::uint64_t{1} << 60, ~std::uint64_t{0},
                                      ~std::uint64_t{0} / 24 + 2}) {
        Bytes other = whole;
        set_word(other, pairs_at, count);
        EXPECT_EQ(refusal(other), "it is damaged: its parts overlap") << count;
    }
    ASSERT_EQ(word_at(whole, flows_at), 1u);
}

TEST(StateFile, RefusesRecordsThatPointAtNothing) {
    // Their checksums are right: only the places are wrong.
    const auto expect_refused = [](auto&& change) {
        State state = testlib::small_state();
        change(state);
        EXPECT_EQ(refusal(encode(state)), "it holds what no ikelbd writes");
    };
    expect_refused([](State& state) { state.ike_sas[0].record.backend = 2; });
    expect_refused([](State& state) { state.ike_sas[0].service = 1; });
    expect_refused([](State& state) { state.ike_sas[0].initiator_spi = 0; });
    expect_refused(
        [](State& state) { state.ike_sas[0].state = static_cast<sessions::SaState>(4); });
    expect_refused([](State& state) {
        state.flows[0].standing = static_cast<sessions::Standing>(4);
    });
    expect_refused([](State& state) { state.rivals[1].record.backend = 2; });
    expect_refused([](State& state) {
        state.rivals[1].standing = static_cast<sessions::Standing>(4);
    });
    expect_refused([](State& state) { state.esp[0].rank = 8; });
    expect_refused([](State& state) { state.flows[0].frontend = 1; });
    expect_refused([](State& state) { state.flows[0].gateway = 2; });
    expect_refused([](State& state) { state.flows[0].record.backend = 0xffff; });
    expect_refused([](State& state) { state.persistences[0].service = 1; });
    expect_refused([](State& state) { state.persistences[0].record.backend = 2; });
    expect_refused([](State& state) { state.esp[0].record.backend = 2; });
    expect_refused([](State& state) { state.esp[0].spi = 255; });
    expect_refused([](State& state) {
        state.transit[0].key.outside = *text::parse_address("2001:db8::80");
    });
    expect_refused([](State& state) {
        state.transit[0].progress = static_cast<wall::Progress>(3);
    });
    expect_refused([](State& state) {
        state.facts.backends[0].mode = static_cast<forwarding::Mode>(4);
    });
    expect_refused([](State& state) {
        state.facts.saved_at = std::chrono::sys_seconds{std::chrono::seconds{-1}};
    });
    expect_refused([](State& state) { state.facts.services.resize(forwarding::max_services + 1); });
}

TEST(StateFile, GivesTheSinkPiecesWhoseSumIsTheBody) {
    const State state = testlib::RandomState{7}.make(60'000);
    std::size_t pieces = 0;
    Bytes body;
    Encoder encoder{state.facts, [&](std::span<const std::uint8_t> piece) {
                        ++pieces;
                        EXPECT_LE(piece.size(), std::size_t{1} << 18);
                        body.insert(body.end(), piece.begin(), piece.end());
                    }};
    add_all(state, encoder);
    const auto head = encoder.finish();
    EXPECT_GT(pieces, 3u);
    EXPECT_EQ(encoder.counts().ike_sas, state.ike_sas.size());
    EXPECT_EQ(encoder.counts().flows, state.flows.size());
    EXPECT_EQ(encoder.counts().persistences, state.persistences.size());
    EXPECT_EQ(encoder.counts().esp, state.esp.size());
    EXPECT_EQ(encoder.counts().transit, state.transit.size());
    Bytes whole{head.begin(), head.end()};
    whole.insert(whole.end(), body.begin(), body.end());
    EXPECT_EQ(whole, encode(state));
}

TEST(StateFile, KeepsTheBytesOfAnSpiAsOnTheWire) {
    State state = testlib::small_state();
    const Bytes spi{1, 2, 3, 4, 5, 6, 7, 8};
    std::memcpy(&state.ike_sas[0].initiator_spi, spi.data(), spi.size());
    const Bytes bytes = encode(state);
    EXPECT_NE(std::search(bytes.begin(), bytes.end(), spi.begin(), spi.end()), bytes.end());
}

}  // namespace
}  // namespace ikelb::state
