// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// fuzz_seeds DIR: writes what the fuzzers of the packet path start from, packets of the builder, to
// DIR/pipeline and DIR/parse.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

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

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: fuzz_seeds DIR\n");
        return 2;
    }
    const std::filesystem::path directory{argv[1]};
    std::filesystem::create_directories(directory / "pipeline");
    std::filesystem::create_directories(directory / "parse");
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
            write(directory / "pipeline" / name, one);
            Bytes parse = frame.bytes;
            parse.insert(parse.begin(), 0);
            write(directory / "parse" / name, parse);
        }
        write(directory / "pipeline" / (std::to_string(farm) + "-all"), all);
        ++farm;
    }
    for (const bool is_nat_t : {false, true}) {
        const IkeMessage answer = sa_init_answer(1, 2);
        Bytes payload = is_nat_t ? behind_marker(answer) : answer.bytes();
        payload.insert(payload.begin(), is_nat_t ? 1 : 0);
        write(directory / "parse" / (is_nat_t ? "payload-4500" : "payload-500"), payload);
    }
    return 0;
}
