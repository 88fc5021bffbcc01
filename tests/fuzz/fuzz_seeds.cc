// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// fuzz_seeds directory: writes what the fuzzers of the packet path and of the saved state start
// from, to directory/pipeline, directory/parse, directory/client, directory/state and
// directory/restore: packets of the builder, a session and what clients may send then, and the
// state of a process with sessions.

#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

#include "tests/fuzz/small_site.h"
#include "tests/testlib/samples.h"

namespace {

using namespace ikelb::testlib;

void write(const std::filesystem::path& file, const Bytes& bytes) {
    std::ofstream out{file, std::ios::binary};
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
}

void append(Bytes& out, const Input& frame) {
    out.push_back(static_cast<std::uint8_t>(frame.port));
    out.insert(out.end(), {0, 1, 0});
    out.push_back(static_cast<std::uint8_t>(frame.bytes.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(frame.bytes.size()));
    out.insert(out.end(), frame.bytes.begin(), frame.bytes.end());
}

Bytes state_with_sessions() {
    ikelb::fuzz::SmallSite site;
    site.begin();
    log_in(site.bench(), {.client = place::other_client, .spi_i = 5, .spi_r = 6});
    const Session session = log_in(site.bench(), {});
    // An ESP SPI is learned from the second packet on.
    site.bench().from_client(session.esp_up());
    site.bench().from_server(session.esp_down());
    site.bench().from_client(
        to_vip(place::client, 4500, 4500, esp(0xc0000001, 64, 2)).no_udp_checksum());
    return site.save();
}

/// Steps as client_fuzz.cc reads them: a login at one of the servers and ESP both ways, then one of
/// each kind that clients send. The bench's own choice of a server is one of the three.
Bytes session_at(std::uint8_t farm, std::uint8_t family, std::uint8_t server) {
    constexpr std::uint8_t up = 0x80, second = 0x10, third = 0x20;
    const auto how = [&](std::uint8_t number) {
        return static_cast<std::uint8_t>(number | server);
    };
    const std::vector<std::array<std::uint8_t, 2>> both{
        {up | 0, how(0)},  {0, how(0)},       {up | 3, how(second)}, {2, how(second)},
        {up | 13, how(0)}, {6, how(second)},  {up | 13, how(third)}, {6, how(third)}};
    Bytes steps{farm, static_cast<std::uint8_t>(both.size())};
    for (const auto& [what, number] : both)
        steps.insert(steps.end(), {what, family, 0, number});
    for (std::uint8_t what = 0; what < 16; ++what)
        steps.insert(steps.end(), {what, family, 0, how(0x30)});
    return steps;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: fuzz_seeds DIR\n");
        return 2;
    }
    const std::filesystem::path sessions{argv[1]};
    for (const char* name : {"pipeline", "parse", "client", "state", "restore"})
        std::filesystem::create_directories(sessions / name);
    std::uint8_t farm = 0;
    for (const TableSpec& spec : sample_farms()) {
        const Bench bench{spec};
        Bytes all{farm};
        int count = 0;
        for (const Input& frame : sample_frames(bench)) {
            const std::string name = std::to_string(farm) + "-" + std::to_string(count++);
            Bytes one{farm};
            append(one, frame);
            append(all, frame);
            write(sessions / "pipeline" / name, one);
            Bytes parse = frame.bytes;
            parse.insert(parse.begin(), 0);
            write(sessions / "parse" / name, parse);
        }
        write(sessions / "pipeline" / (std::to_string(farm) + "-all"), all);
        ++farm;
    }
    for (const bool is_nat_t : {false, true}) {
        const IkeMessage answer = sa_init_answer(1, 2);
        Bytes payload = is_nat_t ? behind_marker(answer) : answer.bytes();
        payload.insert(payload.begin(), is_nat_t ? 1 : 0);
        write(sessions / "parse" / (is_nat_t ? "payload-4500" : "payload-500"), payload);
    }
    for (std::uint8_t choice = 0; choice < 18; ++choice)
        write(sessions / "client" / std::to_string(choice),
              session_at(choice % 3, choice / 9 * 0x80, choice / 3 % 3));
    const Bytes state = state_with_sessions();
    write(sessions / "state" / "sessions", state);
    write(sessions / "restore" / "sessions", state);
    return 0;
}
